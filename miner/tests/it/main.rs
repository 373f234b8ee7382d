//! Tests of the miner.

mod account;
mod axon_admission;
mod axon_grad;
mod axon_limits;
mod axon_net;
mod axon_service;
mod axon_spike;
mod axon_words;
mod chain;
mod compute;
mod config;
mod dendrite_answers;
mod eval;
mod fetch;
mod help;
mod keep;
mod keys;
mod settings;
mod supervision;
mod top;
mod twin;
mod words;
