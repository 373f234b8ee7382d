//! The protobuf types and gRPC stubs, generated from `proto/component.proto`.
#![allow(missing_docs, unreachable_pub, clippy::all)]

tonic::include_proto!("bittensor.v1");

pub use component_client::ComponentClient;
// The server's trait.
pub use component_server::{Component as ComponentRpc, ComponentServer};

/// Type of the values of a tensor.
pub use Dtype as DType;
