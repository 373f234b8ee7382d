//! Tests by theme. Each checks all invariants after every block.

mod admin;
mod bonds;
mod candidates;
mod genesis;
mod income;
mod keys;
mod newcomers;
mod offences;
mod sequence;
mod sets;
mod turns;
mod versions;
