//! The calls of the pallet: who signs, and what they do.

/// The section of the pallet that defines its calls.
#[frame_support::pallet_macros::pallet_section]
mod calls {
	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Register a component, for a refundable deposit.
		///
		/// Signed by the owner (cold key); one component per account. `endpoint` is where the
		/// component serves, `service_key` the account that is to run the miner: it serves after it has
		/// called `accept_service_key`; the owner serves until then.
		/// The deposit is on hold until `deregister` takes effect. It rises with the number of components:
		/// `epoch_status` shows it.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register())]
		pub fn register(
			origin: OriginFor<T>,
			endpoint: Option<Endpoint>,
			service_key: Option<T::AccountId>,
		) -> DispatchResult {
			let owner = Self::signed(origin)?;
			Self::do_register(owner, endpoint, service_key).map(|_| ())
		}

		/// Deregister your component and unbond its stake.
		///
		/// Signed by the owner. The next epoch, or a later one if many leave, removes the component, frees
		/// its uid and releases the deposit. What it is paid until then unbonds when it is removed.
		#[pallet::call_index(1)]
		#[pallet::weight(weights::deregister::<T::WeightInfo>())]
		pub fn deregister(origin: OriginFor<T>) -> DispatchResult {
			let owner = Self::signed(origin)?;
			Self::do_deregister(&owner)
		}

		/// Set or remove the address where your component serves.
		///
		/// Signed by the owner or the service key. Without an endpoint the component does not serve.
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::set_endpoint())]
		pub fn set_endpoint(origin: OriginFor<T>, endpoint: Option<Endpoint>) -> DispatchResult {
			let who = Self::signed(origin)?;
			Self::do_set_endpoint(&who, endpoint)
		}

		/// Name the key that runs your miner; it must accept.
		///
		/// Signed by the owner. The service key can post rows and set the endpoint. It serves after it
		/// has called `accept_service_key`; until then the present one does. The owner itself, or the
		/// present service key, needs no consent and takes back what was named before.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::set_service_key())]
		pub fn set_service_key(origin: OriginFor<T>, service_key: T::AccountId) -> DispatchResult {
			let owner = Self::signed(origin)?;
			Self::do_set_service_key(&owner, service_key)
		}

		/// Stake tokens on your component.
		///
		/// Signed by the owner, whose balance pays the amount. The new stake must be at least
		/// `min_stake`. It counts in the next solve if the component has a live row.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::stake())]
		pub fn stake(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
			let owner = Self::signed(origin)?;
			Self::do_stake(&owner, amount)
		}

		/// Unstake tokens; withdraw them some blocks later.
		///
		/// Signed by the owner. The rest must be 0 or at least `min_stake`. The event says in which block
		/// they unlock.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::unstake())]
		pub fn unstake(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
			let owner = Self::signed(origin)?;
			Self::do_unstake(&owner, amount)
		}

		/// Withdraw all stake that has finished unbonding.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::withdraw_unbonded())]
		pub fn withdraw_unbonded(origin: OriginFor<T>) -> DispatchResult {
			let who = Self::signed(origin)?;
			Self::do_withdraw_unbonded(&who)
		}

		/// Post your row: the shares of your loss reduction.
		///
		/// Signed by the owner or the service key. Each edge gives `share` out of 65,536 to the
		/// component `target`; edges come in any order. The rest is the self-share, at least 8,192.
		/// The row becomes active in the next epoch. The fee is refunded for a component's first post
		/// in an epoch if its stake is at least `min_stake`, and if the row moves by 1 % or more or
		/// half the lifetime of the last row has passed, for the first `MaxFreePosts` posts of a block.
		#[pallet::call_index(7)]
		#[pallet::weight(weights::post_row::<T::WeightInfo>(row.len() as u32))]
		pub fn post_row(origin: OriginFor<T>, row: PostedRow) -> DispatchResultWithPostInfo {
			let who = Self::signed(origin)?;
			Self::do_post_row(&who, row)
		}

		/// Set one edge of your row; share 0 removes it.
		///
		/// Signed by the owner or the service key. Changes the row posted last; the difference comes
		/// from or goes to the self-share. The row becomes active in the next epoch. The fee is
		/// refunded as for `post_row`.
		#[pallet::call_index(8)]
		#[pallet::weight(weights::set_edge::<T::WeightInfo>())]
		pub fn set_edge(
			origin: OriginFor<T>,
			target: u32,
			share: u16,
		) -> DispatchResultWithPostInfo {
			let who = Self::signed(origin)?;
			Self::do_set_edge(&who, target, share)
		}

		/// Accept to serve the component that names you.
		///
		/// Signed by the key that `owner` named in `register` or `set_service_key`. It must not own or
		/// serve another component. The fee is refunded.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::accept_service_key())]
		pub fn accept_service_key(
			origin: OriginFor<T>,
			owner: T::AccountId,
		) -> DispatchResultWithPostInfo {
			let who = Self::signed(origin)?;
			Self::do_accept_service_key(who, &owner)?;
			Ok(Pays::No.into())
		}

		/// Stop serving a component; its owner serves again.
		///
		/// Signed by the service key.
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::resign_service_key())]
		pub fn resign_service_key(origin: OriginFor<T>) -> DispatchResult {
			let who = Self::signed(origin)?;
			Self::do_resign_service_key(who)
		}

		/// Offer your component, with its stake, to another owner.
		///
		/// Signed by the owner. The component changes hands when the new owner calls
		/// `accept_component`; without `new_owner` the offer is taken back. What is unbonding stays with
		/// the owner that unstaked it.
		#[pallet::call_index(11)]
		#[pallet::weight(T::WeightInfo::offer_component())]
		pub fn offer_component(
			origin: OriginFor<T>,
			new_owner: Option<T::AccountId>,
		) -> DispatchResult {
			let owner = Self::signed(origin)?;
			Self::do_offer_component(&owner, new_owner)
		}

		/// Accept the component that its owner offers you.
		///
		/// Signed by the new owner, whose balance must cover the same deposit; the old one is released.
		/// The new owner must not own or serve another component. Uid, stake, row, endpoint
		/// and service key stay; where the old owner served, the new one does.
		#[pallet::call_index(12)]
		#[pallet::weight(T::WeightInfo::accept_component())]
		pub fn accept_component(origin: OriginFor<T>, owner: T::AccountId) -> DispatchResult {
			let who = Self::signed(origin)?;
			Self::do_accept_component(who, &owner)
		}

		/// Remove a dead component, when all uids are taken.
		///
		/// Signed by anybody. A component is dead if it has had neither a live row nor the minimum stake for
		/// a row lifetime. It leaves as if its owner had called `deregister`; its uid can be registered
		/// in the epoch after the next.
		#[pallet::call_index(13)]
		#[pallet::weight(weights::remove_dead::<T::WeightInfo>())]
		pub fn remove_dead(origin: OriginFor<T>, uid: u32) -> DispatchResult {
			Self::signed(origin)?;
			Self::do_remove_dead(uid)
		}

		/// Set the minimum stake, the registration deposit or the row lifetime.
		///
		/// By governance. What is not given stays as it is. Each value has bounds, in the constants
		/// `MinStakeBounds`, `DepositBounds` and `RowLifetimeBounds`. A deposit that is on hold stays
		/// as it is. No call changes the emission: the epoch length, sigma and the halvings.
		#[pallet::call_index(14)]
		#[pallet::weight((T::WeightInfo::set_parameters(), DispatchClass::Operational))]
		pub fn set_parameters(
			origin: OriginFor<T>,
			min_stake: Option<Balance>,
			registration_deposit: Option<Balance>,
			row_lifetime: Option<u32>,
		) -> DispatchResult {
			T::GovernanceOrigin::ensure_origin(origin)?;
			Self::ensure_current()?;
			Self::do_set_parameters(min_stake, registration_deposit, row_lifetime)
		}

		/// Abort the running solve; its epoch is not paid.
		///
		/// By governance. The emission of the blocks up to the solve lapses: nothing of it is minted,
		/// then or later. Stakes and rows stay. The next epoch starts when it is due. An epoch that is
		/// being paid is not aborted.
		#[pallet::call_index(15)]
		#[pallet::weight((T::WeightInfo::abort_solve(), DispatchClass::Operational))]
		pub fn abort_solve(origin: OriginFor<T>) -> DispatchResult {
			T::GovernanceOrigin::ensure_origin(origin)?;
			Self::ensure_current()?;
			Self::do_abort_solve()
		}
	}
}
