//! JSON-RPC methods beyond those that every Substrate node has.
//!
//! | methods | what |
//! |---|---|
//! | `system_accountNextIndex`, … | for wallets |
//! | `payment_queryInfo`, … | what an extrinsic costs |
//! | `emission_status`, `emission_components`, `emission_row` | see [`emission`] |

mod emission;

use crate::service::{FullClient, FullPool};
use emission::Emission;
use jsonrpsee::RpcModule;
use std::{error::Error, sync::Arc};
use substrate_frame_rpc_system::{System, SystemApiServer};

/// All methods of a full node.
pub(crate) fn create_full(
	client: Arc<FullClient>,
	pool: Arc<FullPool>,
) -> Result<RpcModule<()>, Box<dyn Error + Send + Sync>> {
	use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
	let mut module = RpcModule::new(());
	module.merge(System::new(client.clone(), pool).into_rpc())?;
	module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
	module.merge(Emission::new(client).into_rpc()?)?;
	Ok(module)
}
