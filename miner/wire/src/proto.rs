//! The protobuf types and gRPC stubs, generated from `proto/component.proto`.
#![allow(missing_docs, unreachable_pub, clippy::all)]

tonic::include_proto!("bittensor.v1");

pub use component_client::ComponentClient;
pub use component_server::{Component, ComponentServer};

/// Type of the values of a tensor.
pub use Dtype as DType;
