use crate::{each, graph};
use bittensor_bench_graphs::{generate, Case, Shape, MAX_GIVEN, SEED};

/// The sum of a row's shares.
fn given(case: &Case, uid: usize) -> u32 {
	case.row(uid).1.iter().map(|&share| u32::from(share)).sum()
}

/// Which uids the edges of a shape lead to: all multiples of this.
fn every(shape: Shape) -> usize {
	match shape {
		Shape::R8 => 8,
		_ => 1,
	}
}

/// How often each component is a target.
fn in_degrees(case: &Case) -> Vec<u32> {
	let mut degrees = vec![0; case.components()];
	for &target in &case.targets {
		degrees[usize::from(target)] += 1;
	}
	degrees
}

/// The members of the clique of a [`Shape::C`]: those that keep 1/8.
fn members(case: &Case) -> Vec<usize> {
	(0..case.components()).filter(|&uid| given(case, uid) == MAX_GIVEN).collect()
}

#[test]
fn every_row_is_well_formed() {
	each(|shape, components, case| {
		let name = format!("{shape} of {components}");
		assert_eq!(case.components(), components, "{name}");
		assert_eq!(case.ends.len(), components, "{name}");
		assert_eq!(case.ends.last().map_or(0, |&end| end as usize), case.edges(), "{name}");
		assert_eq!(case.targets.len(), case.shares.len(), "{name}");
		for uid in 0..components {
			let (targets, shares) = case.row(uid);
			assert_eq!(targets.len(), shares.len(), "{name}, row {uid}");
			assert!(targets.is_sorted_by(|a, b| a < b), "{name}, row {uid}: {targets:?}");
			assert!(targets.iter().all(|&to| usize::from(to) < components), "{name}, row {uid}");
			assert!(!targets.contains(&(uid as u16)), "{name}, row {uid} points at itself");
			assert!(!shares.contains(&0), "{name}, row {uid} has an empty edge");
			assert!(given(case, uid) <= MAX_GIVEN, "{name}, row {uid}");
			assert_eq!(case.self_share(uid) + given(case, uid), 65_536);
		}
	});
}

#[test]
fn rows_have_as_many_edges_as_there_are_others() {
	each(|shape, components, case| {
		let clique = if shape == Shape::C { members(case) } else { vec![] };
		for uid in 0..components {
			let expected = match clique.contains(&uid) {
				true => 64.min(clique.len() - 1),
				// A clique of one has nobody to point at.
				false if shape == Shape::C && case.row(uid).0.is_empty() => 0,
				false => 64.min(components.div_ceil(every(shape)) - 1),
			};
			assert_eq!(case.row(uid).0.len(), expected, "{shape} of {components}, row {uid}");
		}
	});
	for edges in [0, 1, 3, 64, 1_000] {
		let case = generate(Shape::Z, 100, edges, SEED);
		assert_eq!(case.edges(), 100 * edges.min(64));
	}
}

#[test]
fn self_shares_are_exact() {
	each(|shape, components, case| {
		for uid in (0..components).filter(|&uid| !case.row(uid).0.is_empty()) {
			let given = given(case, uid);
			let name = format!("{shape} of {components}, row {uid}: {given}");
			match shape {
				Shape::U => assert_eq!(given, 32_768, "{name}"),
				Shape::Z => assert!((6_554..=57_344).contains(&given), "{name}"),
				Shape::D8 | Shape::R | Shape::RS | Shape::R8 => assert_eq!(given, 57_344, "{name}"),
				Shape::C => assert!([32_768, 57_344].contains(&given), "{name}"),
			}
		}
	});
	// The self-shares of Z fill their range.
	let case = graph(Shape::Z, 700);
	let kept: Vec<u32> = (0..700).map(|uid| case.self_share(uid)).collect();
	assert!(kept.iter().any(|&kept| kept < 10_000) && kept.iter().any(|&kept| kept > 57_000));
	let mean = f64::from(kept.iter().sum::<u32>()) / 700.0 / 65_536.0;
	assert!((mean - 0.5125).abs() < 0.05, "mean self-share {mean}");
}

#[test]
fn zipf_favours_few_and_uniform_nobody() {
	let most = |shape| {
		let degrees = in_degrees(&graph(shape, 700));
		let (most, sum) = (degrees.iter().max().copied(), degrees.iter().sum::<u32>());
		assert_eq!(sum, 700 * 64);
		most.unwrap_or(0)
	};
	// The mean is 64. Drawn without repeats, the most popular are in nearly every row.
	assert!(most(Shape::U) < 110, "{}", most(Shape::U));
	assert!(most(Shape::Z) > 690, "{}", most(Shape::Z));
	assert!(most(Shape::D8) > 690, "{}", most(Shape::D8));
	// They are not the first uids.
	let degrees = in_degrees(&graph(Shape::Z, 700));
	assert!(degrees[..10].iter().any(|&degree| degree < 200), "{:?}", &degrees[..10]);
}

#[test]
fn stakes_are_uniform_or_heavy_tailed() {
	let stakes = |shape| {
		let mut stakes = generate(shape, 5_000, 1, SEED).stakes;
		stakes.sort_unstable();
		stakes
	};
	let uniform = stakes(Shape::U);
	assert!(uniform[0] > 0 && uniform[4_999] <= 2_000_000_000_000);
	assert!(uniform[2_500].abs_diff(1_000_000_000_000) < 100_000_000_000, "{}", uniform[2_500]);
	for shape in [Shape::Z, Shape::D8, Shape::C] {
		let pareto = stakes(shape);
		assert!(pareto[0] >= 1_000_000_000, "{shape}");
		// P(stake > x) = least / x: the median is twice the least, one in a hundred has a hundred
		// times it.
		assert!(pareto[2_500].abs_diff(2_000_000_000) < 200_000_000, "{shape}: {}", pareto[2_500]);
		assert!((60..160).contains(&(pareto[4_950] / 1_000_000_000)), "{shape}: {}", pareto[4_950]);
		assert!(pareto[4_999] <= 1_000_000_000 << 20, "{shape}");
	}
}

#[test]
fn the_clique_is_closed() {
	for components in [25, 64, 700] {
		let case = graph(Shape::C, components);
		let members = members(&case);
		assert_eq!(members.len(), components / 10);
		for &uid in &members {
			let (targets, _) = case.row(uid);
			assert!(targets.iter().all(|&to| members.contains(&usize::from(to))), "row {uid}");
		}
		// From outside, edges lead into it.
		let outside = (0..components).filter(|uid| !members.contains(uid));
		let leads_in =
			|uid: usize| case.row(uid).0.iter().any(|&to| members.contains(&usize::from(to)));
		assert!(outside.clone().filter(|&uid| leads_in(uid)).count() * 2 > outside.count());
	}
}

#[test]
fn the_ring_runs_against_the_sweep() {
	for components in [2, 10, 65, 700] {
		let case = graph(Shape::R, components);
		let edges = 64.min(components - 1);
		for uid in 0..components {
			let (targets, shares) = case.row(uid);
			for (&target, &share) in targets.iter().zip(shares) {
				let step = (uid + components - usize::from(target)) % components;
				assert!((1..=edges).contains(&step), "row {uid}: {target}");
				let expected = if step == 1 { 57_344 - (edges as u32 - 1) } else { 1 };
				assert_eq!(u32::from(share), expected, "row {uid}: {target}");
			}
		}
		let (last, before) = case.stakes.split_last().unwrap();
		assert!(*last > 0 && before.iter().all(|&stake| stake == 0));
		// The same with mass everywhere.
		let spread = graph(Shape::RS, components);
		assert!(spread.stakes.iter().all(|stake| (last / 2..last / 2 * 3).contains(stake)));
		assert_eq!(
			(spread.targets, spread.shares, spread.ends),
			(case.targets, case.shares, case.ends)
		);
	}
}

#[test]
fn the_ring_may_skip_uids() {
	for components in [7, 9, 65, 700] {
		let (case, every) = (graph(Shape::R8, components), 8);
		let members = components.div_ceil(every);
		let edges = 64.min(members - 1);
		for uid in 0..components {
			assert_eq!(case.stakes[uid] > 0, uid % every == 0, "{uid}");
			let (targets, shares) = case.row(uid);
			assert_eq!(targets.len(), edges);
			for (&target, &share) in targets.iter().zip(shares) {
				assert_eq!(usize::from(target) % every, 0, "row {uid}: {target}");
				let step = (uid / every + members - usize::from(target) / every) % members;
				let expected = if step == 1 { 57_344 - (edges as u32 - 1) } else { 1 };
				assert_eq!(u32::from(share), expected, "row {uid}: {target}");
			}
		}
	}
}

#[test]
fn the_same_seed_gives_the_same_bits() {
	each(|shape, components, case| assert_eq!(*case, graph(shape, components)));
	for shape in [Shape::U, Shape::Z, Shape::D8, Shape::C] {
		assert_ne!(graph(shape, 65), generate(shape, 65, 64, SEED + 1), "{shape}");
	}
	// Two shapes of one seed share nothing.
	assert_ne!(graph(Shape::Z, 65).stakes, graph(Shape::D8, 65).stakes);
}

#[test]
fn the_largest_graph() {
	// More components than uids are cut off; one edge per row keeps this fast.
	let case = generate(Shape::U, 70_000, 1, SEED);
	assert_eq!((case.components(), case.edges()), (65_536, 65_536));
	assert!(case.targets.iter().max() > Some(&65_000));
}

#[test]
fn names_read_back() {
	for shape in Shape::ALL {
		assert_eq!(shape.name().parse(), Ok(shape));
		assert_eq!(shape.to_string().to_lowercase().parse(), Ok(shape));
	}
	for text in ["", "X", "D", "ZZ"] {
		assert!(text.parse::<Shape>().is_err(), "{text:?}");
	}
	assert_eq!(format!("{:>3}", Shape::U), "  U");
}

#[test]
fn rows_of_damaged_cases_are_empty() {
	let mut case = graph(Shape::Z, 10);
	case.ends[3] = u32::MAX;
	assert_eq!(case.row(3), (&[][..], &[][..]));
	assert_eq!(case.row(4), (&[][..], &[][..]));
	assert_eq!(case.row(1_000), (&[][..], &[][..]));
	assert_eq!(case.row(5).0.len(), 9);
}
