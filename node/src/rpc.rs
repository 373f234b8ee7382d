//! JSON-RPC methods in addition to those of every Substrate node.
//!
//! | methods | content |
//! |---|---|
//! | `system_accountNextIndex`, … | nonces, for wallets |
//! | `payment_queryInfo`, … | the fee of an extrinsic |
//! | `emission_status`, `emission_components`, `emission_row` | see [`pallet_emission_rpc`] |

use crate::parts::{FullClient, FullPool};
use bittensor_runtime::opaque::Block;
use jsonrpsee::RpcModule;
use pallet_emission_rpc::{Emission, EmissionRpcServer};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use std::{error::Error, sync::Arc};
use substrate_frame_rpc_system::{System, SystemApiServer};

/// All methods of a full node.
pub(crate) fn create_full(
	client: Arc<FullClient>,
	pool: Arc<FullPool>,
) -> Result<RpcModule<()>, Box<dyn Error + Send + Sync>> {
	let mut module = RpcModule::new(());
	module.merge(System::new(client.clone(), pool).into_rpc())?;
	module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
	module.merge(Emission::<_, Block>::new(client).into_rpc())?;
	Ok(module)
}
