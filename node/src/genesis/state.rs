//! The state of the first block.
//!
//! The runtime in the specification builds it from the genesis configuration. The SDK can call the runtime
//! too, but compiles it again for each call, and that takes longer than all the rest of a start. The node's
//! executor compiles it once, for this and for the blocks.

use crate::{parts::HostFunctions, refusal::Refusal};
use codec::{Decode, Encode};
use sc_executor::WasmExecutor;
use sc_service::ChainSpec;
use serde::Deserialize;
use serde_json::Value;
use sp_core::{
	storage::{well_known_keys::CODE, Storage},
	traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
	Bytes,
};
use sp_state_machine::BasicExternalities;

/// The part of a specification that says how to build the state.
#[derive(Deserialize)]
struct Specification {
	genesis: Genesis,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Genesis {
	/// Absent where the specification holds the state itself.
	runtime_genesis: Option<RuntimeGenesis>,
}

/// A runtime, and the configuration that it is to make the state from.
#[derive(Deserialize)]
struct RuntimeGenesis {
	code: Bytes,
	#[serde(flatten)]
	configuration: GenesisConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum GenesisConfig {
	/// Every field.
	Config(Value),
	/// The fields that differ from the runtime's default.
	Patch(Value),
}

/// The state of the first block that the specification describes.
///
/// # Errors
/// [`Refusal::BadGenesis`] if the runtime refuses the configuration. The reason names the field.
pub(crate) fn storage(
	spec: &dyn ChainSpec,
	executor: &WasmExecutor<HostFunctions>,
) -> Result<Storage, Refusal> {
	build(spec, executor)
		.map_err(|reason| Refusal::BadGenesis { chain: spec.name().to_owned(), reason })
}

fn build(spec: &dyn ChainSpec, executor: &WasmExecutor<HostFunctions>) -> Result<Storage, String> {
	let json = spec.as_json(false)?;
	let plain: Specification = serde_json::from_str(&json).map_err(|error| error.to_string())?;
	match plain.genesis.runtime_genesis {
		None => spec.as_storage_builder().build_storage(),
		Some(genesis) => genesis.build(executor),
	}
}

impl RuntimeGenesis {
	fn build(self, executor: &WasmExecutor<HostFunctions>) -> Result<Storage, String> {
		let builder = Builder { code: &self.code, executor };
		let configuration = match self.configuration {
			GenesisConfig::Config(all) => all,
			GenesisConfig::Patch(patch) => {
				let mut all = builder.default_configuration()?;
				sc_chain_spec::json_patch::merge(&mut all, patch);
				all
			}
		};
		let mut storage = builder.build_state(&configuration)?;
		storage.top.insert(CODE.to_vec(), self.code.0);
		Ok(storage)
	}
}

/// The runtime API `GenesisBuilder` of a runtime that no chain runs yet.
struct Builder<'a> {
	code: &'a [u8],
	executor: &'a WasmExecutor<HostFunctions>,
}

impl Builder<'_> {
	/// The configuration in which nothing is patched.
	fn default_configuration(&self) -> Result<Value, String> {
		let no_preset: Option<String> = None;
		let mut state = BasicExternalities::new_empty();
		let json: Option<Vec<u8>> =
			self.call(&mut state, "GenesisBuilder_get_preset", &no_preset)?;
		let json = json.ok_or("the runtime has no default configuration")?;
		serde_json::from_slice(&json).map_err(|error| error.to_string())
	}

	/// The state without the code.
	fn build_state(&self, configuration: &Value) -> Result<Storage, String> {
		let mut state = BasicExternalities::new_empty();
		let json = configuration.to_string();
		let built: Result<(), String> =
			self.call(&mut state, "GenesisBuilder_build_state", &json)?;
		built.map(|()| state.into_storages())
	}

	fn call<T: Decode>(
		&self,
		state: &mut BasicExternalities,
		method: &str,
		arguments: &impl Encode,
	) -> Result<T, String> {
		let code = WrappedRuntimeCode(self.code.into());
		// The hash by which the executor finds a runtime that it compiled, as for the code of a chain.
		let hash = sp_io::hashing::blake2_256(self.code).to_vec();
		let code = RuntimeCode { code_fetcher: &code, heap_pages: None, hash };
		let arguments = arguments.encode();
		let (answer, _) =
			self.executor.call(state, &code, method, &arguments, CallContext::Offchain);
		let answer = answer.map_err(|error| format!("{method}: {error}"))?;
		T::decode(&mut &answer[..]).map_err(|error| format!("{method}: {error}"))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{chain_spec, executor};
	use std::{collections::BTreeMap, path::PathBuf, sync::LazyLock};

	/// One for all tests, so that the runtime is compiled once.
	fn executor() -> &'static WasmExecutor<HostFunctions> {
		static EXECUTOR: LazyLock<WasmExecutor<HostFunctions>> =
			LazyLock::new(|| executor::without_database(None));
		&EXECUTOR
	}

	fn load(id: &str) -> Box<dyn ChainSpec> {
		Box::new(chain_spec::load(id).expect("a runtime: run without SKIP_WASM_BUILD"))
	}

	/// A file with the plain specification of `testnet`, in which `from` is replaced; removed at the end.
	struct Changed(PathBuf);

	impl Changed {
		fn new(name: &str, from: &str, to: &str) -> Self {
			let spec = load("testnet");
			let plain = spec.as_json(false).expect("the plain form");
			assert_eq!(plain.matches(from).count(), 1, "{from}");
			let file = format!("bittensor-{}-{name}.json", std::process::id());
			let path = std::env::temp_dir().join(file);
			std::fs::write(&path, plain.replace(from, to)).expect("a temporary file");
			Self(path)
		}

		fn load(&self) -> Box<dyn ChainSpec> {
			load(&self.0.to_string_lossy())
		}
	}

	impl Drop for Changed {
		fn drop(&mut self) {
			let _ = std::fs::remove_file(&self.0);
		}
	}

	#[test]
	fn a_genesis_that_is_wrong_is_refused_with_the_field_and_its_range() {
		let cases = [
			(
				"slot",
				"\"slotDuration\": 6000",
				"\"slotDuration\": 60",
				"slots.slotDuration is 60: choose 600 to 60000 milliseconds",
			),
			(
				"epoch",
				"\"epochLength\": 100",
				"\"epochLength\": 0",
				"emission.parameters.epochLength is 0: choose 1 to 1000000 blocks",
			),
			(
				"missing",
				"\"sigma\": 1000000000,",
				"",
				"emission.parameters.sigma is missing: choose 0 to 18446744073709551615 units per block",
			),
			(
				"unknown",
				"\"slotDuration\": 6000",
				"\"slotDuration\": 6000, \"duration\": 1",
				"slots.duration is unknown: choose among slotDuration",
			),
			(
				"nobody",
				"\"technicalCommittee\": {",
				"\"technicalCommittee\": {}, \"nobody\": {",
				"technicalCommittee.members is empty and sudo.key is missing",
			),
		];
		for (name, from, to, reason) in cases {
			let changed = Changed::new(name, from, to);
			let error =
				storage(&*changed.load(), executor()).expect_err("it is refused").to_string();
			let expected = format!("the genesis of Bittensor Testnet: {reason}");
			assert!(error.starts_with(&expected), "{error}");
			assert!(error.len() < 500, "the genesis is not repeated: {error}");
		}
	}

	/// The entries of a state, which has no child tries.
	fn entries(state: Storage) -> BTreeMap<Vec<u8>, Vec<u8>> {
		assert!(state.children_default.is_empty());
		state.top
	}

	fn built(spec: &dyn ChainSpec) -> BTreeMap<Vec<u8>, Vec<u8>> {
		entries(storage(spec, executor()).expect("a good genesis"))
	}

	#[test]
	fn the_state_is_the_one_that_the_sdk_builds() {
		let spec = load("testnet");
		let ours = built(&*spec);
		let sdks = spec.as_storage_builder().build_storage().expect("a good genesis");
		assert!(ours == entries(sdks));
		assert!(ours.len() > 90, "{}", ours.len());
	}

	#[test]
	fn plain_full_and_raw_specifications_make_one_state() {
		let patch = Changed::new("plain", "\"slotDuration\": 6000", "\"slotDuration\": 2000");
		let mut spec = patch.load();
		let state = storage(&*spec, executor()).expect("a good genesis");

		// The same with every field.
		let code = state.top.get(CODE).expect("the runtime");
		let builder = Builder { code, executor: executor() };
		let mut all = builder.default_configuration().expect("the runtime has one");
		let mut plain: Value =
			serde_json::from_str(&spec.as_json(false).expect("the plain form")).expect("JSON");
		let genesis = &mut plain["genesis"]["runtimeGenesis"];
		let differs = genesis["patch"].take();
		sc_chain_spec::json_patch::merge(&mut all, differs);
		*genesis = serde_json::json!({ "code": genesis["code"], "config": all });
		std::fs::write(&patch.0, plain.to_string()).expect("written again");
		assert!(built(&*patch.load()) == entries(state.clone()));

		spec.set_storage(state.clone());
		std::fs::write(&patch.0, spec.as_json(true).expect("the raw form")).expect("written again");
		assert!(built(&*patch.load()) == entries(state));
	}
}
