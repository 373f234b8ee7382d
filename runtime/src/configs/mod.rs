//! Configuration of the pallets, by subject.

pub mod accounts;
pub mod consensus;
pub mod emission;
pub mod governance;
pub mod system;
pub mod tokens;
pub mod validators;
