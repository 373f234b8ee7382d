//! What the runtime of the next version migrates, in the test of an upgrade: over several blocks, it goes
//! through all components, and stores their number.

use frame_support::{
	migrations::{SteppedMigration, SteppedMigrationError},
	storage::unhashed,
	traits::Get,
	weights::WeightMeter,
};
use pallet_emission::Components;

use crate::Runtime;

/// Where the number of components is stored, as a `u32`, while they are counted and afterwards.
pub const COUNT: &[u8] = b":next-version:components";
/// Components of a step, of which a block has one.
const OF_A_STEP: u32 = 2_048;

/// Counts all components, and reads each of them.
pub struct CountComponents;

impl SteppedMigration for CountComponents {
	type Cursor = u32;
	type Identifier = [u8; 16];

	fn id() -> Self::Identifier {
		*b"count components"
	}

	fn step(
		cursor: Option<u32>,
		meter: &mut WeightMeter,
	) -> Result<Option<u32>, SteppedMigrationError> {
		let weight = <Runtime as frame_system::Config>::DbWeight::get();
		let required = weight.reads_writes(u64::from(OF_A_STEP) + 1, 1);
		if meter.try_consume(required).is_err() {
			return Err(SteppedMigrationError::InsufficientWeight { required });
		}
		let all = match cursor {
			None => Components::<Runtime>::iter(),
			Some(last) => {
				Components::<Runtime>::iter_from(Components::<Runtime>::hashed_key_for(last))
			}
		};
		let (mut count, mut last) = (unhashed::get_or_default::<u32>(COUNT), None);
		for (uid, _) in all.take(OF_A_STEP as usize) {
			(count, last) = (count + 1, Some(uid));
		}
		unhashed::put(COUNT, &count);
		Ok(last)
	}
}
