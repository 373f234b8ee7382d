//! Tests of the learning part, by subject.

mod attribution;
mod balance;
mod canary;
mod checkpoint;
mod conformance;
mod corpus;
mod experts;
mod gain;
mod gradients;
mod halves;
mod learning;
mod missing;
mod network;
mod pretrained;
mod row;
mod serving;
mod support;
mod upstreams;
mod words;
