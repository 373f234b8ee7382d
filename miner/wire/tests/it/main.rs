//! Tests of the messages between components.

mod common;
mod envelope;
mod error;
mod keypair;
mod message;
mod replay;
mod tensor;
