//! All items of our pallets are documented, and the metadata file of the clients is current.

use bittensor_runtime::metadata::{for_clients, VERSION};
use codec::Decode;
use frame_metadata::{v16::RuntimeMetadataV16, RuntimeMetadata, RuntimeMetadataPrefixed};
use scale_info::{form::PortableForm, TypeDef, Variant};

/// The pallets of this repository.
const OURS: [&str; 4] = ["Emission", "Governance", "Slots", "ValidatorSet"];

pub(crate) fn metadata() -> RuntimeMetadataV16 {
	let prefixed =
		RuntimeMetadataPrefixed::decode(&mut &for_clients()[..]).expect("the metadata decodes");
	match prefixed.1 {
		RuntimeMetadata::V16(metadata) => metadata,
		other => panic!("version {} and not {VERSION}", other.version()),
	}
}

/// Whether there is documentation whose first line fits the menus of user interfaces.
fn is_documented(docs: &[String]) -> bool {
	docs.first().is_some_and(|line| (1..=72).contains(&line.trim().chars().count()))
}

pub(crate) fn variants(metadata: &RuntimeMetadataV16, ty: u32) -> Vec<Variant<PortableForm>> {
	match &metadata.types.resolve(ty).expect("a type of the registry").type_def {
		TypeDef::Variant(variants) => variants.variants.clone(),
		other => panic!("calls, events and errors are variants, not {other:?}"),
	}
}

#[test]
fn calls_events_and_errors_are_documented() {
	let metadata = metadata();
	let mut checked = 0;
	for pallet in metadata.pallets.iter().filter(|pallet| OURS.contains(&pallet.name.as_str())) {
		let kinds = [
			("call", pallet.calls.as_ref().map(|calls| calls.ty.id)),
			("event", pallet.event.as_ref().map(|event| event.ty.id)),
			("error", pallet.error.as_ref().map(|error| error.ty.id)),
		];
		for (kind, ty) in kinds.into_iter().filter_map(|(kind, ty)| Some((kind, ty?))) {
			for variant in variants(&metadata, ty) {
				let name = format!("{kind} {}.{}", pallet.name, variant.name);
				assert!(
					is_documented(&variant.docs),
					"{name}: no documentation, or a long first line"
				);
				if kind == "event" {
					for field in &variant.fields {
						assert!(field.name.is_some(), "{name} has a field without a name");
						assert!(is_documented(&field.docs), "{name}: {:?}", field.name);
					}
				}
				checked += 1;
			}
		}
		for entry in pallet.storage.iter().flat_map(|storage| &storage.entries) {
			assert!(is_documented(&entry.docs), "storage {}.{}", pallet.name, entry.name);
		}
		for constant in &pallet.constants {
			assert!(is_documented(&constant.docs), "constant {}.{}", pallet.name, constant.name);
		}
	}
	// 13 calls, and more events and errors than calls.
	assert!(checked > 39, "only {checked} calls, events and errors were found");
}

#[test]
fn errors_say_what_to_do() {
	let metadata = metadata();
	for name in ["Emission", "ValidatorSet"] {
		let pallet = metadata.pallets.iter().find(|pallet| pallet.name == name);
		let errors = pallet.and_then(|pallet| pallet.error.as_ref()).expect("it has errors");
		for error in variants(&metadata, errors.ty.id) {
			let text = error.docs.join(" ");
			assert!(text.contains(". "), "{}: only says what is wrong: {text}", error.name);
		}
	}
}

#[test]
fn the_runtime_api_is_documented() {
	let metadata = metadata();
	for api in metadata.apis.iter().filter(|api| api.name == "ValidatorSetApi") {
		assert_eq!(api.methods.len(), 3);
		for method in &api.methods {
			assert!(is_documented(&method.docs), "ValidatorSetApi.{}", method.name);
		}
	}
	let api = metadata.apis.iter().find(|api| api.name == "EmissionApi").expect("EmissionApi");
	assert!(is_documented(&api.docs));
	let methods: Vec<_> = api.methods.iter().map(|method| method.name.as_str()).collect();
	for name in [
		"component",
		"component_of",
		"components",
		"row",
		"rows",
		"bids",
		"epoch_status",
		"contribution",
	] {
		assert!(methods.contains(&name), "no method {name} in {methods:?}");
	}
	for method in &api.methods {
		assert!(is_documented(&method.docs), "EmissionApi.{}", method.name);
	}
}

#[test]
fn extensions_are_those_that_wallets_know() {
	let metadata = metadata();
	let names: Vec<_> = metadata
		.extrinsic
		.transaction_extensions
		.iter()
		.map(|extension| extension.identifier.as_str())
		.collect();
	assert_eq!(
		names,
		[
			"CheckNonZeroSender",
			"CheckSpecVersion",
			"CheckTxVersion",
			"CheckGenesis",
			"CheckMortality",
			"CheckNonce",
			"CheckWeight",
			"ChargeTransactionPayment",
			"CheckMetadataHash",
			"WeightReclaim",
		]
	);
}

#[test]
fn calls_and_events_have_the_paths_that_python_clients_know() {
	let metadata = metadata();
	let paths: Vec<_> = metadata.types.types.iter().map(|ty| ty.ty.path.to_string()).collect();
	// substrate-interface looks for `*::RuntimeCall`, with one segment before the name.
	for name in ["RuntimeCall", "RuntimeEvent"] {
		let found: Vec<_> = paths.iter().filter(|path| path.ends_with(name)).collect();
		assert_eq!(found, [&format!("bittensor_runtime::{name}")]);
	}
}

#[test]
fn a_posted_row_is_a_plain_list() {
	let metadata = metadata();
	let emission = metadata.pallets.iter().find(|pallet| pallet.name == "Emission");
	let calls = emission.and_then(|pallet| pallet.calls.as_ref()).expect("Emission has calls");
	let calls = variants(&metadata, calls.ty.id);
	let post = calls.iter().find(|call| call.name == "post_row").expect("post_row");
	let row = metadata.types.resolve(post.fields[0].ty.id).expect("a type of the registry");
	assert!(row.path.is_empty());
	assert!(matches!(row.type_def, TypeDef::Sequence(_)), "{:?}", row.type_def);
}

#[test]
fn the_client_is_tested_with_the_metadata_of_this_runtime() {
	let committed = std::fs::read("../client/metadata.scale")
		.expect("client/metadata.scale: run `make metadata`");
	// Not assert_eq!, which would print both files.
	assert!(
		committed == for_clients(),
		"client/metadata.scale is not the metadata of this runtime: run `make metadata`",
	);
}
