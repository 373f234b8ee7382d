//! `balance`, `transfer`, `stake`, `unstake`, `withdraw`, `accept`, `deregister`: what the owner of an
//! account does.
//!
//! ```text
//!   arguments ── enough funds? ── call ── in a block ── balance and component after it
//! ```

use super::{component, connect};
use crate::{
	cli::{BalanceArgs, SignArgs},
	identity::Identity,
};
use bittensor_client::{
	bit, decimal, funds, hex_hash, ss58, AccountId, Call, Chain, ComponentInfo, Head, Unbonding,
};
use serde_json::{json, Value};

/// What an account has at a block.
#[derive(Clone, Debug)]
pub struct Account {
	/// The block.
	pub head: Head,
	/// The running epoch.
	pub epoch: u32,
	/// The account.
	pub account: AccountId,
	/// Free balance, in units.
	pub free: u64,
	/// Stake that unbonds.
	pub unbonding: Vec<Unbonding>,
	/// The component that it owns or serves.
	pub component: Option<ComponentInfo>,
}

impl Account {
	/// Reads the chain at a block.
	pub async fn read(chain: &dyn Chain, account: AccountId, head: Head) -> anyhow::Result<Self> {
		let at = Some(head.hash);
		let uid = chain.component_of(account, at).await?;
		let components = chain.components(at).await?;
		Ok(Self {
			head,
			epoch: chain.epoch_status(at).await?.epoch,
			account,
			free: chain.free_balance(account, at).await?,
			unbonding: chain.unbonding(account, at).await?,
			component: components.into_iter().find(|component| Some(component.uid) == uid),
		})
	}

	/// As JSON.
	pub fn json(&self) -> Value {
		let unbonding = self.unbonding.iter().map(
			|chunk| json!({ "amount": decimal(chunk.amount), "unlocks_at": chunk.unlocks_at }),
		);
		json!({
			"block": { "number": self.head.number, "hash": hex_hash(&self.head.hash) },
			"epoch": self.epoch,
			"account": ss58(&self.account),
			"free": decimal(self.free),
			"unbonding": unbonding.collect::<Vec<_>>(),
			"component": self.component.as_ref().map(component::json),
		})
	}

	/// As lines for people.
	pub fn text(&self) -> String {
		let mut lines = vec![
			format!("account    {}", ss58(&self.account)),
			format!("balance    {} BIT", bit(self.free)),
		];
		for Unbonding { amount, unlocks_at } in &self.unbonding {
			lines.push(match *unlocks_at <= self.head.number {
				true => format!("unbonded   {} BIT: run `withdraw`", bit(*amount)),
				false => format!(
					"unbonding  {} BIT until block {unlocks_at}; this is block {}",
					bit(*amount),
					self.head.number
				),
			});
		}
		lines.push(match &self.component {
			None => "component  none".into(),
			Some(one) if one.owner != self.account => {
				format!("component  {}, as its service key; owner {}", one.uid, ss58(&one.owner))
			}
			Some(one) => format!(
				"component  {}, {} BIT at stake{}",
				one.uid,
				bit(one.stake),
				if one.leaving { ", leaves at the next epoch" } else { "" }
			),
		});
		lines.join("\n")
	}
}

/// Runs `balance` and returns its output.
pub async fn balance(args: &BalanceArgs, as_json: bool) -> anyhow::Result<String> {
	let account = match args.account {
		Some(account) => account,
		None => Identity::load(&args.key)?.account(),
	};
	let chain = connect(&args.chain, None).await?;
	let found = Account::read(&*chain, account, chain.head(None).await?).await?;
	Ok(if as_json { found.json().to_string() } else { found.text() })
}

/// Submits a call and returns what it did and what the account has then.
pub async fn submit(call: Call, args: &SignArgs, as_json: bool) -> anyhow::Result<String> {
	let identity = Identity::load(&args.key)?;
	let chain = connect(&args.chain, Some(&identity)).await?;
	submit_on(&*chain, identity.account(), call, as_json).await
}

/// As [`submit`], on a chain that signs for `account`.
pub async fn submit_on(
	chain: &dyn Chain,
	account: AccountId,
	call: Call,
	as_json: bool,
) -> anyhow::Result<String> {
	funds::check(chain, account, &call).await?;
	let head = chain.submit(call.clone()).await?;
	let after = Account::read(chain, account, head).await?;
	if as_json {
		return Ok(after.json().to_string());
	}
	let did = match call {
		Call::Transfer { to, amount } => format!("sent {} BIT to {}", bit(amount), ss58(&to)),
		Call::Stake { amount } => format!("staked {} BIT", bit(amount)),
		Call::Unstake { amount } => format!("unstaked {} BIT", bit(amount)),
		Call::Withdraw => "withdrew the unbonded stake".into(),
		Call::AcceptServiceKey { owner } => {
			format!("this key now serves the component of {}", ss58(&owner))
		}
		Call::Deregister => {
			"deregistered: the deposit comes back at the next epoch, the stake as shown".into()
		}
		other => format!("`{}` is done", other.name().as_str()),
	};
	Ok(format!("{did}, in block {}\n{}", head.number, after.text()))
}
