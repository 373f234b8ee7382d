//! The layout of pages: values read in place equal the values written.

use crate::{
	mock::*,
	pages::{get_entry, load_entries, set_entry, RawRowPage},
	types::{
		Parameters, RowPage, EDGES_PER_PAGE, ENTRIES_PER_PAGE, ENTRIES_PER_PIECE, MAX_EDGES,
		REGISTRATIONS_PER_PAGE, ROWS_PER_PAGE,
	},
	RowPages, StakePages,
};
use codec::{Decode, Encode, MaxEncodedLen};
use proptest::prelude::*;

#[test]
fn pages_stay_small() {
	// The database splits values above 32 KiB.
	assert_eq!(RowPage::max_encoded_len(), 1 + 128 + 64 + 2 * (2 + 2 * 2_048));
	assert!(8 * ENTRIES_PER_PIECE as usize <= 32 * 1_024);
	assert!(4 * REGISTRATIONS_PER_PAGE as usize <= 16 * 1_024);
	assert_eq!((EDGES_PER_PAGE, ENTRIES_PER_PAGE), (2_048, 512));
}

#[test]
fn entries_are_zero_until_written() {
	Ext::default().build().execute_with(|| {
		assert_eq!(get_entry::<StakePages<Test>, u64, _>(1_030), 0);
		set_entry::<StakePages<Test>, u64, _>(1_030, 7);
		assert_eq!(StakePages::<Test>::get(2).len(), 7);
		assert_eq!(get_entry::<StakePages<Test>, u64, _>(1_030), 7);
		set_entry::<StakePages<Test>, u64, _>(3, 5);
		let all = load_entries::<StakePages<Test>, u64, _>(1_031);
		assert_eq!(all.len(), 1_031);
		assert_eq!((all[3], all[1_030], all.iter().sum::<u64>()), (5, 7, 12));
		assert_eq!(load_entries::<StakePages<Test>, u64, _>(4), [0, 0, 0, 5]);
		StakePages::<Test>::remove(2);
		StakePages::<Test>::remove(0);
	});
}

#[test]
fn liveness() {
	let parameters = Parameters { row_lifetime: 3, ..Default::default() };
	assert!(!parameters.is_live(0, 1));
	assert!(parameters.is_live(4, 4) && parameters.is_live(4, 7) && !parameters.is_live(4, 8));
	let parameters = Parameters { row_lifetime: 0, ..Default::default() };
	assert!(parameters.is_live(1, u32::MAX) && !parameters.is_live(0, 5));
}

type Rows = Vec<(u32, Option<(u32, Vec<(u32, u16)>)>)>;

fn rows() -> impl Strategy<Value = Rows> {
	let edges = prop::collection::vec((0u32..65_536, any::<u16>()), 0..=MAX_EDGES as usize);
	let row = prop::option::weighted(0.8, (1u32.., edges));
	prop::collection::vec((0u32..ROWS_PER_PAGE, row), 0..40)
}

proptest! {
	#![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

	/// Rows set and cleared in any order read back, as values and in place.
	#[test]
	fn rows_read_back(rows in rows()) {
		let mut page = RowPage::default();
		let mut expected = std::collections::BTreeMap::new();
		for (uid, row) in &rows {
			match row {
				Some((posted, edges)) => {
					let new = (*posted, crate::mock::edges(edges).try_into().unwrap());
					page.update(|slot| (slot == *uid).then(|| new.clone()));
				}
				None => page.clear(*uid),
			}
			expected.insert(*uid, row.clone());
		}
		let bytes = page.encode();
		let raw = RawRowPage::parse(&bytes).unwrap();
		for uid in 0..ROWS_PER_PAGE {
			let expected = expected.get(&uid).cloned().flatten();
			let read = page.row(uid).map(|(posted, edges)| {
				(posted, edges.iter().map(|edge| (edge.target, edge.share)).collect())
			});
			prop_assert_eq!(&read, &expected);
			let (posted, edges) = expected.unwrap_or_default();
			prop_assert_eq!(raw.posted(uid as usize), posted);
			let in_place: Vec<(u32, u16)> =
				raw.edges(uid as usize).iter().map(|(to, w)| (u32::from(to), w)).collect();
			prop_assert_eq!(in_place, edges);
		}
		prop_assert_eq!(RowPage::decode(&mut &bytes[..]).unwrap(), page);
	}

	/// Whatever bytes are stored, reading them does not panic, and a solve ends.
	#[test]
	fn any_bytes_can_be_read(
		bytes in prop::collection::vec(any::<u8>(), 0..400),
		head in any::<bool>(),
	) {
		let mut bytes = bytes;
		if head {
			// A page that parses: version, and two vectors of equal length.
			let mut page = RowPage { ends: [0; 32], ..Default::default() }.encode();
			page.truncate(193);
			let edges: Vec<u16> = bytes.iter().map(|&byte| u16::from(byte) * 257).collect();
			for (byte, noise) in page[1..].iter_mut().zip(&bytes) {
				*byte = *noise;
			}
			page.extend(edges.encode());
			page.extend(edges.encode());
			bytes = page;
		}
		Ext::with(20).build().execute_with(|| {
			// The damage is logged, as intended.
			log::set_max_level(log::LevelFilter::Off);
			next_block();
			for owner in 1..=20u64 {
				post(owner, &[(owner as u32 % 20, 10_000)]);
			}
			pay_epoch();
			sp_io::storage::set(&RowPages::<Test>::hashed_key_for(0), &bytes);
			let _ = Emission::rows(0, 20);
			let _ = Emission::bids(1, 0, 20);
			let mut meter = frame_support::weights::WeightMeter::new();
			System::set_block_number(20);
			Emission::service(20, &mut meter);
			assert_eq!(contributions().len(), 20);
			let paid = if RawRowPage::parse(&bytes).is_some() { 3 } else { 2 };
			assert_eq!(Emission::epoch_status().epoch, paid, "it halts iff the page is unreadable");
		});
	}
}
