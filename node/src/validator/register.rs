//! `validator register`.

use super::{status, Operator, RegisterArgs};
use bittensor_client::{bit, rpc_params, ss58, Call, Chain};
use futures::StreamExt;

/// Enough for the deposit for session keys and the fees of all calls, in units.
const RESERVE: u64 = bittensor_client::UNIT;

/// Does what is missing.
pub(super) async fn run(args: &RegisterArgs) -> anyhow::Result<()> {
	let operator = Operator::with_key(&args.url, &args.key).await?;
	is_validator(&operator).await?;
	let before = operator.status().await?;
	let account = ss58(&operator.account);
	if let Some(barred) = before.barred_until {
		anyhow::bail!(
			"{account} was slashed and cannot register until session {barred} has ended; now it is session {}",
			before.session
		);
	}
	let holds_keys = before.keys && !args.rotate && operator.holds_keys().await?;

	// An invulnerable needs keys only.
	if !before.invulnerable {
		stake(&operator, args.stake.unwrap_or(before.min_stake), before.min_stake).await?;
	}
	if !holds_keys {
		let call = operator.rotate_keys().await?;
		operator.submit("Session keys of this node", call).await?;
	}
	if !before.invulnerable && !before.candidate {
		operator.submit("Candidacy", Call::RegisterValidator).await?;
	}
	print!("{}", status::show(&operator).await?);
	if args.wait {
		first_block(&operator).await?;
	}
	Ok(())
}

/// The node must run as a validator, or it would hold keys and author nothing.
async fn is_validator(operator: &Operator) -> anyhow::Result<()> {
	let roles: Vec<String> = operator.chain.request("system_nodeRoles", rpc_params![]).await?;
	anyhow::ensure!(
		roles.iter().any(|role| role == "Authority"),
		"the node runs without --validator: it would author no block. Start it again with --validator"
	);
	Ok(())
}

/// Registers a component if the account owns none, and stakes what is missing.
async fn stake(operator: &Operator, target: u64, least: u64) -> anyhow::Result<()> {
	let (chain, account) = (&operator.chain, operator.account);
	anyhow::ensure!(
		target >= least,
		"--stake {} is less than the {} BIT that a candidate needs",
		bit(target),
		bit(least)
	);
	let uid = chain.component_of(account, None).await?;
	let component = match uid {
		Some(uid) => chain.components(None).await?.into_iter().find(|one| one.uid == uid),
		None => None,
	};
	if let Some(component) = &component {
		anyhow::ensure!(
			component.owner == account,
			"{} serves the component of {}: use the key of the owner, which has the stake",
			ss58(&account),
			ss58(&component.owner)
		);
	}
	let deposit = match component {
		Some(_) => 0,
		None => chain.epoch_status(None).await?.deposit,
	};
	let missing = target.saturating_sub(component.as_ref().map_or(0, |component| component.stake));
	// Before the first call, so that nothing is half done.
	let (free, needed) =
		(chain.free_balance(account, None).await?, deposit.saturating_add(missing));
	if needed > 0 {
		anyhow::ensure!(
			free >= needed.saturating_add(RESERVE),
			"{} has {} BIT and needs {} BIT: {} BIT to stake, a deposit of {} BIT for the component, and about {} \
			 BIT for a deposit for the keys and for fees. Send it some: `bittensor-miner transfer {} AMOUNT`, \
			 signed by an account that has some",
			ss58(&account),
			bit(free),
			bit(needed.saturating_add(RESERVE)),
			bit(missing),
			bit(deposit),
			bit(RESERVE),
			ss58(&account)
		);
	}
	if component.is_none() {
		let call = Call::Register { endpoint: None, service_key: None };
		operator
			.submit(&format!("Component, with a deposit of {} BIT", bit(deposit)), call)
			.await?;
	}
	if missing > 0 {
		let call = Call::Stake { amount: missing };
		operator.submit(&format!("Stake of {} BIT more", bit(missing)), call).await?;
	}
	Ok(())
}

/// Says each change until the node has authored a block.
async fn first_block(operator: &Operator) -> anyhow::Result<()> {
	let mut blocks = operator.chain.blocks();
	let (mut planned, mut session) = (false, 0);
	while let Some(block) = blocks.next().await {
		// A lost connection heals.
		let Ok(block) = block else { continue };
		let status =
			operator.chain.validator_status(operator.account, Some(block.head.hash)).await?;
		if status.authored > 0 {
			println!("Block {}: this validator authored its first block.", block.head.number);
			return Ok(());
		}
		anyhow::ensure!(
			status.candidate || status.invulnerable,
			"the account is no candidate any more: it missed its slots, or was slashed. See the log of the node"
		);
		if (planned, session) != (status.planned, status.session) {
			let what = match (status.validator, status.planned) {
				(true, _) => "validates; waiting for its turn".into(),
				(false, true) => format!("chosen; validates from block {}", status.next_session),
				(false, false) => format!("waits for the choice in block {}", status.next_session),
			};
			println!("Block {}, session {}: {what}", block.head.number, status.session);
			(planned, session) = (status.planned, status.session);
		}
	}
	Ok(())
}
