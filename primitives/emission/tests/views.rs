//! The views in SCALE, by metadata, and in JSON.

use bittensor_emission::{
	Bid, CandidateInfo, ComponentInfo, Edge, Endpoint, EpochStatus, Halvings, Host, LastPayout,
	Parameters, Phase, Row, RowInfo, ValidatorInfo, ValidatorStatus, MAX_HOST_LEN,
};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Compact, Decode, Encode, MaxEncodedLen};
use scale_decode::DecodeAsType;
use scale_encode::EncodeAsType;
use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};
use serde_json::json;

type Account = [u8; 32];
type Hash = [u8; 32];

fn endpoint() -> Endpoint {
	let host = "miner.example.org".try_into().unwrap();
	Endpoint { host, port: 4_001, tls_spki: Some([7; 32]), protocol: 1 }
}

fn component() -> ComponentInfo<Account> {
	ComponentInfo {
		uid: 3,
		owner: [1; 32],
		service_key: [2; 32],
		next_service_key: Some([4; 32]),
		next_owner: None,
		endpoint: Some(endpoint()),
		registered: 5,
		leaving: false,
		stake: u64::MAX,
		source: 12,
		payout: 0,
		deposit: 7,
		dead: false,
	}
}

fn rows() -> RowInfo {
	let row = Row { posted: 4, self_share: 49_152, edges: vec![Edge::new(9, 16_384)] };
	RowInfo { uid: 3, active: Some(row), pending: None }
}

fn status() -> EpochStatus<u32, Hash> {
	EpochStatus {
		epoch: 8,
		phase: Phase::Sweep,
		sweep: 17,
		cursor: 32,
		components: 40,
		registered: 39,
		started: 70,
		next_payout_in: 1,
		minted_total: 1 << 60,
		total_stake: 1 << 61,
		deposit: 1 << 62,
		last: Some(LastPayout {
			epoch: 7,
			minted: 10_000_000_000,
			components: 40,
			sweeps: 21,
			residual: (1 << 62) + 1,
			paid_at: 69,
			parent: [3; 32],
			started_at: 60,
		}),
	}
}

fn validator<Account>(account: Account) -> ValidatorInfo<Account> {
	ValidatorInfo {
		account,
		invulnerable: false,
		candidate: true,
		stake: 1 << 60,
		authored: 7,
		missed: 2,
		disabled: false,
	}
}

fn candidate<Account>(account: Account) -> CandidateInfo<Account> {
	CandidateInfo { account, stake: 1 << 60, since: 4, eligible: true, validator: false }
}

fn standing() -> ValidatorStatus<u32> {
	ValidatorStatus {
		keys: true,
		stake: 1 << 60,
		min_stake: 5,
		invulnerable: false,
		candidate: true,
		validator: true,
		planned: false,
		disabled: true,
		authored: 7,
		missed: 2,
		bound_until: Some(9),
		barred_until: None,
		absent_until: Some(9),
		newcomers_full: true,
		session: 8,
		next_session: 90,
	}
}

/// The metadata of a type.
fn registry<T: TypeInfo + 'static>() -> (PortableRegistry, u32) {
	let mut registry = Registry::new();
	let id = registry.register_type(&MetaType::new::<T>()).id;
	(registry.into(), id)
}

/// What a client decodes by the metadata of the chain's type.
fn by_metadata<Chain: TypeInfo + Encode + 'static, Client: DecodeAsType>(value: &Chain) -> Client {
	let (types, id) = registry::<Chain>();
	Client::decode_as_type(&mut &*value.encode(), id, &types).unwrap()
}

/// What a client encodes by the metadata of the chain's type.
fn as_metadata<Chain: TypeInfo + 'static>(value: &impl EncodeAsType) -> Vec<u8> {
	let (types, id) = registry::<Chain>();
	value.encode_as_type(id, &types).unwrap()
}

#[test]
fn an_edge_is_encoded_like_a_pair() {
	let pairs = [(0u32, 0u16), (9, 16_384), (u32::MAX, u16::MAX)];
	let edges = pairs.map(|(target, share)| Edge { target, share });
	assert_eq!(edges.to_vec().encode(), pairs.to_vec().encode());
	assert_eq!(Vec::<Edge>::decode(&mut &*pairs.to_vec().encode()).unwrap(), edges);
	assert_eq!(Edge::max_encoded_len(), <(u32, u16)>::max_encoded_len());
	assert_eq!(as_metadata::<Vec<Edge>>(&edges.to_vec()), pairs.to_vec().encode());
}

#[test]
fn an_edge_has_named_fields_in_the_metadata() {
	let (types, id) = registry::<Edge>();
	let scale_info::TypeDef::Composite(edge) = &types.resolve(id).unwrap().type_def else {
		panic!("an edge is a struct");
	};
	let names: Vec<_> = edge.fields.iter().filter_map(|field| field.name.as_deref()).collect();
	assert_eq!(names, ["target", "share"]);
}

#[test]
fn a_host_is_encoded_and_described_like_bounded_bytes() {
	type Bytes = BoundedVec<u8, ConstU32<MAX_HOST_LEN>>;
	let host = Host::try_from("::1").unwrap();
	assert_eq!(host.encode(), (Compact(3u32), *b"::1").encode());
	assert_eq!(Host::type_info(), Bytes::type_info());
	assert_eq!(registry::<Host>(), registry::<Bytes>());
	assert_eq!(Host::max_encoded_len(), Bytes::max_encoded_len());
	assert_eq!(as_metadata::<Bytes>(&host), host.encode());
	assert_eq!(as_metadata::<Endpoint>(&endpoint()), endpoint().encode());
}

#[test]
fn a_host_has_253_bytes_at_most() {
	let longest = "a".repeat(253);
	assert_eq!(Host::try_from(longest.as_str()).unwrap().as_str(), longest);
	let error = Host::try_from("a".repeat(254)).unwrap_err().to_string();
	assert!(error.contains("254") && error.contains("253"), "{error}");
	let bytes = vec![b'a'; 254];
	assert!(Host::decode(&mut &*bytes.encode()).is_err());
	let (types, id) = registry::<Vec<u8>>();
	assert!(Host::decode_as_type(&mut &*bytes.encode(), id, &types).is_err());
	// Bytes that are no text decode, so that the chain can refuse them by name.
	let host = Host::decode(&mut &*vec![0xffu8, 0xfe].encode()).unwrap();
	assert_eq!((host.as_bytes(), host.as_str()), (&[0xff, 0xfe][..], ""));
	assert!(!Endpoint { host, ..endpoint() }.is_valid());
}

#[test]
fn an_endpoint_is_shown_as_an_address() {
	assert_eq!(endpoint().to_string(), "miner.example.org:4001");
	let six = Endpoint { host: "::1".try_into().unwrap(), ..endpoint() };
	assert_eq!(six.to_string(), "[::1]:4001");
	assert!(six.is_valid());
	for (host, port) in [("", 1), ("a b", 1), ("http://a", 1), ("é", 1), ("a", 0)] {
		let host = host.try_into().unwrap();
		assert!(!Endpoint { host, port, ..endpoint() }.is_valid());
	}
}

#[test]
fn every_view_decodes_by_metadata() {
	assert_eq!(by_metadata::<_, ComponentInfo<Account>>(&component()), component());
	assert_eq!(by_metadata::<_, RowInfo>(&rows()), rows());
	assert_eq!(by_metadata::<_, EpochStatus<u32, Hash>>(&status()), status());
	assert_eq!(by_metadata::<_, ValidatorInfo<Account>>(&validator([1; 32])), validator([1; 32]));
	assert_eq!(by_metadata::<_, CandidateInfo<Account>>(&candidate([2; 32])), candidate([2; 32]));
	assert_eq!(by_metadata::<_, ValidatorStatus<u32>>(&standing()), standing());
	let bid = Bid { uid: 1, share: 2, flow: 3 };
	assert_eq!(by_metadata::<_, Bid>(&bid), bid);
	let parameters = Parameters::default();
	assert_eq!(by_metadata::<_, Parameters>(&parameters), parameters);
	for phase in [Phase::Idle, Phase::Merge, Phase::Begin, Phase::Sweep, Phase::Emit] {
		assert_eq!(by_metadata::<_, Phase>(&phase), phase);
	}
}

/// Checks the JSON of a value, there and back.
fn check_json<T>(value: &T, expected: serde_json::Value)
where
	T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
	assert_eq!(serde_json::to_value(value).unwrap(), expected);
	assert_eq!(&serde_json::from_value::<T>(expected).unwrap(), value);
}

#[test]
fn amounts_are_decimal_strings_and_keys_hexadecimal() {
	let component = ComponentInfo {
		uid: 3,
		owner: "alice".to_string(),
		service_key: "bob".to_string(),
		next_service_key: Some("cleo".to_string()),
		next_owner: None,
		endpoint: Some(endpoint()),
		registered: 5,
		leaving: false,
		stake: u64::MAX,
		source: 12,
		payout: 0,
		deposit: 7,
		dead: false,
	};
	let expected = json!({
		"uid": 3,
		"owner": "alice",
		"service_key": "bob",
		"next_service_key": "cleo",
		"next_owner": null,
		"endpoint": {
			"host": "miner.example.org",
			"port": 4_001,
			"tls_spki": format!("0x{}", "07".repeat(32)),
			"protocol": 1,
		},
		"registered": 5,
		"leaving": false,
		"stake": "18446744073709551615",
		"source": "12",
		"payout": "0",
		"deposit": "7",
		"dead": false,
	});
	check_json(&component, expected);
	check_json(
		&Endpoint { tls_spki: None, ..endpoint() },
		json!({ "host": "miner.example.org", "port": 4_001, "tls_spki": null, "protocol": 1 }),
	);
}

#[test]
fn rows_have_named_edges() {
	let row = json!({
		"posted": 4,
		"self_share": 49_152,
		"edges": [{ "target": 9, "share": 16_384 }],
	});
	check_json(&rows(), json!({ "uid": 3, "active": row, "pending": null }));
	assert_eq!(rows().newest(), rows().active.as_ref());
	let both = RowInfo { pending: Some(Row::default()), ..rows() };
	assert_eq!(both.newest(), Some(&Row::default()));
	check_json(&Bid { uid: 1, share: 2, flow: 3 }, json!({ "uid": 1, "share": 2, "flow": "3" }));
}

#[test]
fn the_status_is_flat_but_for_the_last_payout() {
	let expected = json!({
		"epoch": 8,
		"phase": "Sweep",
		"sweep": 17,
		"cursor": 32,
		"components": 40,
		"registered": 39,
		"started": 70,
		"next_payout_in": 1,
		"minted_total": "1152921504606846976",
		"total_stake": "2305843009213693952",
		"deposit": "4611686018427387904",
		"last": {
			"epoch": 7,
			"minted": "10000000000",
			"components": 40,
			"sweeps": 21,
			"residual": "4611686018427387905",
			"paid_at": 69,
			"parent": vec![3; 32],
			"started_at": 60,
		},
	});
	check_json(&status(), expected);
}

#[test]
fn parameters_are_written_as_in_a_chain_specification() {
	let parameters =
		Parameters { halvings: Halvings { interval: 100, max: 3 }, ..Parameters::default() };
	let expected = json!({
		"epochLength": 10,
		"sigma": 1_000_000_000,
		"halvings": { "interval": 100, "max": 3 },
		"rowLifetime": 100,
		"unbondingBlocks": 20,
		"minStake": 1_000_000_000,
		"registrationDeposit": 1_000_000_000,
	});
	check_json(&parameters, expected.clone());
	let mut unknown = expected;
	unknown["sigmaa"] = json!(1);
	assert!(serde_json::from_value::<Parameters>(unknown).is_err());
	assert_eq!(parameters.schedule().between(0, 101), 100 * 1_000_000_000 + 500_000_000);
}

#[test]
fn stakes_of_validators_are_decimal_strings() {
	let expected = json!({
		"account": "alice",
		"invulnerable": false,
		"candidate": true,
		"stake": "1152921504606846976",
		"authored": 7,
		"missed": 2,
		"disabled": false,
	});
	check_json(&validator("alice".to_string()), expected);
	let expected = json!({
		"account": "bob",
		"stake": "1152921504606846976",
		"since": 4,
		"eligible": true,
		"validator": false,
	});
	check_json(&candidate("bob".to_string()), expected);
	let json = serde_json::to_value(standing()).unwrap();
	assert_eq!((&json["min_stake"], &json["bound_until"]), (&json!("5"), &json!(9)));
	assert!(json["barred_until"].is_null());
	assert_eq!(json["absent_until"], 9);
}
