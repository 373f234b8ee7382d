//! Demands on stakes, as a set of validators makes them. A test chooses them.

use super::{AccountId, Balances};
use frame_support::{parameter_types, traits::fungible::Mutate, weights::Weight};

/// Who gets the validators' part of the emission.
pub(crate) const VALIDATOR: AccountId = 40;

parameter_types! {
	/// Accounts with the least stake that each must keep.
	pub static Bonded: Vec<(AccountId, u64)> = Vec::new();
	pub static ReportWindow: u32 = 0;
	/// Whether offences cannot be reported, so that nothing is withdrawn.
	pub static Halted: bool = false;
	/// The validators' part of the emission, in per cent.
	pub static ValidatorPart: u64 = 0;
}

pub struct Bond;

impl crate::Validators<AccountId> for Bond {
	fn least_stake(owner: &AccountId) -> u64 {
		Bonded::get().iter().find(|(who, _)| who == owner).map_or(0, |&(_, least)| least)
	}

	fn may_withdraw() -> bool {
		!Halted::get()
	}

	fn may_hand_over(owner: &AccountId) -> bool {
		Bonded::get().iter().all(|(who, _)| who != owner)
	}

	fn report_window() -> u32 {
		ReportWindow::get()
	}

	fn reward(amount: u64) -> u64 {
		let part = validator_part(amount);
		if part == 0 {
			return 0;
		}
		Balances::mint_into(&VALIDATOR, part).unwrap()
	}

	fn reward_weight() -> Weight {
		Weight::from_parts(1, 0)
	}
}

/// The validators' part of an emission, in units.
pub(crate) fn validator_part(amount: u64) -> u64 {
	amount * ValidatorPart::get() / 100
}
