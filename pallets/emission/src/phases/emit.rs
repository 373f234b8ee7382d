//! `Emit`: Algorithm 2. Mints the epoch's σ into the pot once, then adds the payouts to the stakes,
//! 512 uids at a time. The payouts sum to exactly σ.
//!
//! The payout of a leaving component is added to its stake too; all of it unbonds when the component is
//! removed.

use super::{pieces, State, Step};
use crate::{
	pages::{pages, payout_page},
	types::{LastPayout, Page, Phase, Resident, ENTRIES_PER_PAGE, ENTRIES_PER_PIECE},
	Config, ContributionPages, Epoch, Event, LastPaid, MintedTotal, Pallet, RowsUnpaid, StakePages,
	Validators, WeightInfo, LOG_TARGET,
};
use alloc::vec::Vec;
use contribution::Payout;
use frame_support::{
	traits::fungible::Mutate,
	weights::{Weight, WeightMeter},
};
use frame_system::pallet_prelude::BlockNumberFor;

impl<T: Config> Pallet<T> {
	pub(super) fn emit(
		now: BlockNumberFor<T>,
		state: &mut State<T>,
		resident: &Option<Resident>,
		meter: &mut WeightMeter,
	) -> Step {
		// While the contributions are only in memory, the weight to save them stays reserved.
		let reserve = match resident {
			Some(_) => T::WeightInfo::save_vectors(pieces(state.components)),
			None => Weight::zero(),
		};
		let short = |state: &mut State<T>, meter: &mut WeightMeter, needed| match resident {
			Some(resident) => Self::pause(state, &resident.vectors, meter),
			None => Step::Short(needed),
		};

		if state.minted.is_none() {
			let needed = Self::mint_weight();
			if !meter.can_consume(needed.saturating_add(reserve)) {
				return short(state, meter, needed);
			}
			meter.consume(needed);
			Self::mint(state);
		}

		let epoch = Epoch::<T>::get();
		let mut loaded: Option<(u32, Vec<u64>)> = None;
		while state.cursor < pages(state.components) {
			let index = state.cursor.saturating_mul(ENTRIES_PER_PAGE) / ENTRIES_PER_PIECE;
			let load = match (resident, &loaded) {
				(Some(_), _) => Weight::zero(),
				_ if state.total == 0 => Weight::zero(),
				(None, Some((piece, _))) if *piece == index => Weight::zero(),
				_ => T::WeightInfo::load_piece(),
			};
			let needed = load.saturating_add(T::WeightInfo::emit_page());
			if !meter.can_consume(needed.saturating_add(reserve)) {
				return short(state, meter, needed);
			}
			meter.consume(needed);

			let first = state.cursor.saturating_mul(ENTRIES_PER_PAGE);
			let end = first.saturating_add(ENTRIES_PER_PAGE).min(state.components);
			let (contributions, offset) = match resident {
				Some(resident) => (resident.vectors.contribution.as_slice(), 0),
				None if state.total == 0 => (&[][..], 0),
				None => {
					if load != Weight::zero() {
						loaded = Some((index, Self::solved_piece(index)));
					}
					let piece = loaded.as_ref().map(|(_, piece)| piece.as_slice());
					(piece.unwrap_or_default(), index.saturating_mul(ENTRIES_PER_PIECE))
				}
			};
			let of = |uid: u32| {
				contributions.get(uid.saturating_sub(offset) as usize).copied().unwrap_or_default()
			};
			Self::emit_page(epoch, state, first, end, of);
			state.cursor = state.cursor.saturating_add(1);
		}

		let clear = match state.saved {
			true => T::WeightInfo::clear_vectors(pieces(state.components)),
			false => Weight::zero(),
		};
		let needed = T::WeightInfo::emit_end().saturating_add(clear);
		if !meter.can_consume(needed.saturating_add(reserve)) {
			return short(state, meter, needed);
		}
		meter.consume(needed);
		Self::finish(now, state);
		Step::Wait
	}

	/// Weight to mint the epoch's emission.
	pub(super) fn mint_weight() -> Weight {
		T::WeightInfo::emit_mint().saturating_add(T::Validators::reward_weight())
	}

	/// Mints the epoch's emission: the validators' part to them, the rest into the pot.
	pub(crate) fn mint(state: &mut State<T>) {
		let payable = state.total.saturating_sub(state.residual) > 0;
		let amount = if payable { state.sigma } else { 0 };
		let mut minted = T::Validators::reward(amount).min(amount);
		let rest = amount.saturating_sub(minted);
		state.minted = Some(rest);
		if rest > 0 {
			match T::Currency::mint_into(&Self::pot(), rest) {
				Ok(_) => minted = amount,
				Err(error) => {
					// The issuance has no room left, so nothing is minted or paid.
					log::error!(target: LOG_TARGET, "{rest} units could not be minted: {error:?}");
					state.minted = Some(0);
				}
			}
		}
		if minted > 0 {
			MintedTotal::<T>::mutate(|total| *total = total.saturating_add(minted));
		}
	}

	/// Pays the uids `first` to `end − 1`, which are in one page, for `epoch`.
	pub(crate) fn emit_page(
		epoch: u32,
		state: &mut State<T>,
		first: u32,
		end: u32,
		contribution: impl Fn(u32) -> u64,
	) {
		let mut payout = Payout {
			sigma: state.minted.unwrap_or_default(),
			total: state.total.saturating_sub(state.residual),
			paid_mass: state.paid_mass,
			paid: state.paid,
		};
		let payouts: Vec<u64> = (first..end).map(|uid| payout.next(contribution(uid))).collect();
		let page = first / ENTRIES_PER_PAGE;
		StakePages::<T>::mutate(page, |stakes| {
			if stakes.len() < payouts.len() {
				stakes.bounded_resize(payouts.len(), 0);
			}
			for (stake, amount) in stakes.iter_mut().zip(&payouts) {
				*stake = stake.saturating_add(*amount);
			}
		});
		state.paid = payout.paid;
		state.paid_mass = payout.paid_mass;
		ContributionPages::<T>::insert(payout_page(page, epoch), Page::truncate_from(payouts));
	}

	/// Closes the epoch.
	pub(crate) fn finish(now: BlockNumberFor<T>, state: &mut State<T>) {
		if state.saved {
			Self::clear_vectors(state.components);
		}
		let epoch = Epoch::<T>::get();
		let last = LastPayout {
			epoch,
			minted: state.minted.unwrap_or_default(),
			components: state.components,
			sweeps: u32::from(state.sweep),
			residual: state.residual,
			paid_at: now,
			parent: state.parent,
			started_at: state.started_at,
		};
		if state.paid != last.minted {
			// Only if saved vectors were damaged; the difference stays in the pot.
			log::error!(target: LOG_TARGET, "paid {} of {} minted", state.paid, last.minted);
		}
		Self::deposit_event(Event::EpochPaid {
			epoch,
			minted: last.minted,
			components: last.components,
			sweeps: last.sweeps,
			residual: last.residual,
		});
		LastPaid::<T>::put(last);
		if RowsUnpaid::<T>::exists() {
			RowsUnpaid::<T>::kill();
		}
		Epoch::<T>::put(epoch.saturating_add(1));
		*state = State::<T> { phase: Phase::Idle, ..Default::default() };
	}
}
