//! Checks before a node starts: its RPC server, its keys.

use crate::{cli::Cli, refusal::Refusal, stop};
use sc_cli::{Error, RpcMethods, RunCmd, Runner, SubstrateCli};
use sc_service::{ChainType, Configuration};
use std::path::Path;

/// Checks the options and creates the configuration of the node.
///
/// A validator without a node key gets one if it starts for the first time.
pub(crate) fn runner(cli: &mut Cli) -> sc_cli::Result<Runner<Cli>> {
	let runner = checked(cli)?;
	stop::ignore_late_timers();
	Ok(runner)
}

fn checked(cli: &mut Cli) -> sc_cli::Result<Runner<Cli>> {
	rpc(&cli.run)?;
	let path = match cli.create_runner(&cli.run) {
		Err(Error::NetworkKeyNotFound(path)) => path,
		created => return created,
	};
	if cli.run.network_params.node_key_params.node_key_file.is_some() {
		let command = format!("bittensor-node key generate-node-key --file {}", path.display());
		return Err(Refusal::NoNodeKey { path, command }.into());
	}
	if ran_before(&path) {
		let command = make_node_key(&cli.run);
		return Err(Refusal::LostNodeKey { path, command }.into());
	}
	// The network makes the key, readable by its owner only.
	cli.run.network_params.node_key_params.unsafe_force_node_key_generation = true;
	let runner = cli.create_runner(&cli.run)?;
	if !cli.run.tmp {
		log::info!(
			"Makes the node key {}. Others know this node by it: keep a copy.",
			path.display()
		);
	}
	Ok(runner)
}

/// Refuses an RPC server whose unsafe methods other machines can call.
fn rpc(run: &RunCmd) -> Result<(), Refusal> {
	let params = &run.rpc_params;
	let external = match (params.rpc_external, params.unsafe_rpc_external) {
		(false, false) => None,
		(true, _) => Some("--rpc-external"),
		(false, true) => Some("--unsafe-rpc-external"),
	};
	if let (Some(external), RpcMethods::Unsafe) = (external, params.rpc_methods) {
		let options = format!("{external} --rpc-methods unsafe");
		return Err(Refusal::ExposedRpc { options });
	}
	if run.validator && params.rpc_external {
		return Err(Refusal::PublicValidator);
	}
	for endpoint in &params.experimental_rpc_endpoint {
		let address = endpoint.listen_addr;
		if endpoint.rpc_methods == RpcMethods::Unsafe && !address.ip().is_loopback() {
			let options =
				format!("--experimental-rpc-endpoint listen-addr={address},methods=unsafe");
			return Err(Refusal::ExposedRpc { options });
		}
	}
	Ok(())
}

/// Refuses keys that everybody has, on a chain whose tokens may have value.
pub(crate) fn keys(run: &RunCmd, config: &Configuration) -> Result<(), Refusal> {
	match (run.get_keyring(), config.chain_spec.chain_type()) {
		(Some(key), ChainType::Live) => Err(Refusal::PublicKeys {
			name: key.to_string().to_lowercase(),
			chain: config.chain_spec.name().into(),
		}),
		_ => Ok(()),
	}
}

/// Whether the folder of the chain, in which `network/` holds the node key, has a database.
fn ran_before(node_key: &Path) -> bool {
	let chain = node_key.parent().and_then(Path::parent);
	chain.is_some_and(|chain| ["paritydb", "db"].iter().any(|name| chain.join(name).exists()))
}

/// The command that makes the node key in the folder of this node.
fn make_node_key(run: &RunCmd) -> String {
	let mut command = String::from("bittensor-node key generate-node-key");
	if let Some(chain) = &run.shared_params.chain {
		command += &format!(" --chain {chain}");
	}
	match &run.shared_params.base_path {
		Some(path) => command + &format!(" --base-path {}", path.display()),
		None => command + " --default-base-path",
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// What the checks say to these options.
	fn check(options: &[&str]) -> Option<String> {
		let args = std::iter::once("bittensor-node").chain(options.iter().copied());
		rpc(&Cli::from_iter(args).run).err().map(|refusal| refusal.to_string())
	}

	#[test]
	fn unsafe_methods_stay_on_this_machine() {
		let endpoint = |address| format!("listen-addr={address},methods=unsafe");
		for refused in [
			vec!["--rpc-external", "--rpc-methods", "unsafe"],
			vec!["--unsafe-rpc-external", "--rpc-methods=unsafe"],
			vec!["--dev", "--rpc-external", "--rpc-methods=unsafe"],
			vec!["--experimental-rpc-endpoint", &endpoint("0.0.0.0:9944")],
			vec!["--experimental-rpc-endpoint", &endpoint("[::]:9944")],
			vec!["--experimental-rpc-endpoint", &endpoint("192.168.1.5:9944")],
		] {
			let said = check(&refused).unwrap_or_else(|| panic!("{refused:?} is accepted"));
			assert!(said.contains("unsafe") && said.contains("tunnel"), "{said}");
		}
		for accepted in [
			vec!["--validator"],
			vec!["--validator", "--rpc-methods", "unsafe"],
			vec!["--validator", "--unsafe-rpc-external"],
			vec!["--rpc-external"],
			vec!["--rpc-external", "--rpc-methods", "safe"],
			vec!["--experimental-rpc-endpoint", &endpoint("127.0.0.1:9944")],
			vec!["--experimental-rpc-endpoint", "listen-addr=0.0.0.0:9944,methods=safe"],
		] {
			assert_eq!(check(&accepted), None, "{accepted:?}");
		}
	}

	#[test]
	fn a_validator_does_not_serve_the_public_and_is_not_told_to_be_unsafe() {
		let said = check(&["--validator", "--rpc-external"]).expect("it is refused");
		assert!(said.contains("another node") && !said.contains("methods"), "{said}");
	}
}
