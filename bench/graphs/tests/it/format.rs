use crate::{each, graph};
use bittensor_bench_graphs::{Case, FormatError, Shape};
use rand::{Rng, SeedableRng};

/// A file of two components: 0 gives a quarter to 1.
fn small() -> (Case, Vec<u8>) {
	let case =
		Case { stakes: vec![600, 400], ends: vec![1, 1], targets: vec![1], shares: vec![16_384] };
	let bytes = case.to_bytes();
	(case, bytes)
}

/// The error of reading `case` back as a file.
fn refused(case: &Case) -> FormatError {
	Case::from_bytes(&case.to_bytes()).unwrap_err()
}

#[test]
fn the_bytes_are_these() {
	let (case, bytes) = small();
	let mut expected = b"BTGRAPH1".to_vec();
	expected.extend([2, 0, 0, 0, 1, 0, 0, 0]);
	expected.extend([88, 2, 0, 0, 0, 0, 0, 0, 144, 1, 0, 0, 0, 0, 0, 0]);
	expected.extend([1, 0, 0, 0, 1, 0, 0, 0]);
	expected.extend([1, 0, 0, 64]);
	assert_eq!(bytes, expected);
	assert_eq!(Case::from_bytes(&expected), Ok(case));
}

#[test]
fn a_case_reads_back() {
	each(|shape, components, case| {
		let bytes = case.to_bytes();
		assert_eq!(bytes.len(), 16 + 12 * components + 4 * case.edges());
		assert_eq!(Case::from_bytes(&bytes).as_ref(), Ok(case), "{shape} of {components}");
	});
}

#[test]
fn what_is_cut_or_extended_is_refused() {
	let (_, bytes) = small();
	for end in 0..bytes.len() {
		let error = Case::from_bytes(&bytes[..end]).unwrap_err();
		match end {
			0..8 => assert_eq!(error, FormatError::Magic, "{end} bytes"),
			8..16 => assert!(
				matches!(error, FormatError::Header { found } if found == end as u64),
				"{end} bytes: {error}"
			),
			_ => assert_eq!(error, FormatError::Length { expected: 44, found: end as u64 }),
		}
	}
	let longer = [bytes.as_slice(), &[0]].concat();
	assert_eq!(Case::from_bytes(&longer), Err(FormatError::Length { expected: 44, found: 45 }));
	// Sizes whose product would not fit a usize of 32 bits.
	let mut huge = bytes.clone();
	huge[12..16].copy_from_slice(&[0xff; 4]);
	assert!(matches!(Case::from_bytes(&huge), Err(FormatError::Length { .. })));
	let mut many = bytes;
	many[8..12].copy_from_slice(&[1, 0, 1, 0]);
	assert_eq!(Case::from_bytes(&many), Err(FormatError::TooManyComponents { components: 65_537 }));
}

#[test]
fn each_malformed_row_is_refused() {
	let (case, _) = small();
	let with = |change: &dyn Fn(&mut Case)| {
		let mut case = case.clone();
		change(&mut case);
		refused(&case)
	};
	assert_eq!(with(&|case| case.ends[0] = 2), FormatError::Ends { uid: 0 });
	assert_eq!(with(&|case| case.ends[1] = 0), FormatError::Ends { uid: 1 });
	assert_eq!(with(&|case| case.ends = vec![0, 0]), FormatError::Ends { uid: 1 });
	assert_eq!(with(&|case| case.targets[0] = 0), FormatError::Target { uid: 0, target: 0 });
	assert_eq!(with(&|case| case.targets[0] = 2), FormatError::Target { uid: 0, target: 2 });
	assert_eq!(with(&|case| case.shares[0] = 0), FormatError::Share { uid: 0 });
	assert_eq!(with(&|case| case.shares[0] = 57_345), FormatError::Share { uid: 0 });
	// Edges and nobody who could own them.
	let orphan = Case { stakes: vec![], ends: vec![], targets: vec![1], shares: vec![1] };
	assert_eq!(refused(&orphan), FormatError::Ends { uid: 0 });

	let mut twice = graph(Shape::U, 10);
	twice.targets[1] = twice.targets[0];
	assert!(matches!(refused(&twice), FormatError::Target { uid: 0, .. }));

	let edges = 65;
	let wide = Case {
		stakes: vec![1; 66],
		ends: vec![edges; 66],
		targets: (1..=edges as u16).collect(),
		shares: vec![1; edges as usize],
	};
	assert_eq!(refused(&wide), FormatError::TooManyEdges { uid: 0 });
}

#[test]
fn any_bytes_are_read_or_refused() {
	let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
	let mut accepted = 0;
	for round in 0..20_000 {
		let case = graph(Shape::ALL[round % Shape::ALL.len()], 1 + round % 7);
		let mut bytes = case.to_bytes();
		for _ in 0..rng.random_range(1..4) {
			let place = rng.random_range(8..bytes.len());
			bytes[place] = rng.random();
		}
		if rng.random_ratio(1, 10) {
			bytes.truncate(rng.random_range(0..bytes.len()));
		}
		if let Ok(case) = Case::from_bytes(&bytes) {
			// What is read is what the bytes say.
			assert_eq!(case.to_bytes(), bytes);
			accepted += 1;
		}
	}
	// Stakes may be anything, so some changes are none to the format.
	assert!((1_000..19_000).contains(&accepted), "{accepted}");
}

#[test]
fn errors_say_what_is_wrong() {
	let (_, bytes) = small();
	let text = |bytes: &[u8]| Case::from_bytes(bytes).unwrap_err().to_string();
	assert!(text(b"PK").contains("BTGRAPH1"));
	assert!(text(&bytes[..12]).contains("header"));
	assert!(text(&bytes[..40]).contains("40") && text(&bytes[..40]).contains("44"));
}
