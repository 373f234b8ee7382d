//! The methods through JSON-RPC, with a chain that always gives the same answers.

use bittensor_emission::{ComponentInfo, Edge, EpochStatus, Phase, Row, RowInfo};
use jsonrpsee::RpcModule;
use pallet_emission_rpc::{EmissionRpcServer, Error};
use serde_json::{json, Value};

struct Fixed;

impl EmissionRpcServer<String, u32, String> for Fixed {
	fn status(&self, at: Option<String>) -> Result<EpochStatus<u32, String>, Error> {
		if let Some(at) = at {
			return Err(Error::UnknownBlock(at));
		}
		Ok(EpochStatus {
			epoch: 3,
			phase: Phase::Idle,
			sweep: 0,
			cursor: 0,
			components: 2,
			registered: 1,
			started: 20,
			next_payout_in: 7,
			minted_total: 20_000_000_000,
			total_stake: 5,
			deposit: 6,
			last: None,
		})
	}

	fn components(
		&self,
		start: u32,
		limit: u32,
		_: Option<String>,
	) -> Result<Vec<ComponentInfo<String>>, Error> {
		if limit > 256 {
			return Err(Error::LimitTooHigh(limit));
		}
		Ok(vec![ComponentInfo {
			uid: start,
			owner: "anna".into(),
			service_key: "ben".into(),
			next_service_key: None,
			next_owner: Some("cleo".into()),
			endpoint: None,
			registered: 1,
			leaving: false,
			stake: 5,
			source: 5,
			payout: 0,
			deposit: 7,
			dead: false,
		}])
	}

	fn row(&self, uid: u32, _: Option<String>) -> Result<RowInfo, Error> {
		let active = Row { posted: 2, self_share: 65_535, edges: vec![Edge::new(1, 1)] };
		match uid {
			0 => Ok(RowInfo { uid, active: Some(active), pending: None }),
			_ => Err(Error::UnknownUid(uid)),
		}
	}
}

async fn call(method: &str, params: Value) -> Value {
	let module: RpcModule<Fixed> = Fixed.into_rpc();
	let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
	let (answer, _) = module.raw_json_request(&request.to_string(), 1).await.unwrap();
	serde_json::from_str(&answer).unwrap()
}

#[tokio::test]
async fn parameters_are_given_by_position_or_by_name() {
	let by_position = call("emission_components", json!([7, 1])).await;
	let by_name = call("emission_components", json!({ "start": 7, "limit": 1 })).await;
	assert_eq!(by_position, by_name);
	assert_eq!(by_position["result"][0]["uid"], 7);
	assert_eq!(by_position["result"][0]["stake"], "5");
}

#[tokio::test]
async fn the_block_is_optional() {
	let status = call("emission_status", json!([])).await;
	assert_eq!(status["result"]["minted_total"], "20000000000");
	assert_eq!(status["result"]["phase"], "Idle");
	assert_eq!(status["result"]["last"], Value::Null);
	assert_eq!(call("emission_status", json!([null])).await, status);
	assert_eq!(call("emission_status", json!(["0xab"])).await["error"]["code"], 9_001);
}

#[tokio::test]
async fn a_row_has_named_edges() {
	let row = call("emission_row", json!([0])).await;
	assert_eq!(
		row["result"],
		json!({
			"uid": 0,
			"active": { "posted": 2, "self_share": 65_535, "edges": [{ "target": 1, "share": 1 }] },
			"pending": null,
		})
	);
}

#[tokio::test]
async fn errors_have_codes_and_say_what_to_do() {
	let unknown = call("emission_row", json!([9])).await;
	assert_eq!(unknown["error"]["code"], 9_003);
	let message = unknown["error"]["message"].as_str().unwrap();
	assert!(message.contains("uid 9") && message.contains("emission_components"), "{message}");
	let many = call("emission_components", json!([0, 257])).await;
	assert_eq!(many["error"]["code"], -32_602);
	assert_eq!(call("emission_row", json!(["zero"])).await["error"]["code"], -32_602);
	assert!(Error::NoState("0xab".into()).to_string().contains("archive"));
}
