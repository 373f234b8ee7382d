//! Tests of the learning part, by subject.

mod attribution;
mod checkpoint;
mod conformance;
mod corpus;
mod gradients;
mod learning;
mod row;
mod serving;
mod support;
mod upstreams;
