//! Tests of the runtime as a whole, run natively.
//!
//! | module | tests |
//! |---|---|
//! | `presets` | the chains of the presets |
//! | `genesis` | what a genesis must name, and what it cannot be |
//! | `governance` | the technical committee: what it can do and what it cannot |
//! | `upgrade` | an upgrade by the committee, and what it does to a solve |
//! | `brake` | what the committee can pause, and that everybody can leave then |
//! | `metadata_hash` | signatures over the hash of the metadata, as of wallets that show what they sign |
//! | `try_runtime` | the checks of all pallets, with the feature `try-runtime` |
//! | `limits` | block limits at every slot length |
//! | `proxies` | the calls that each proxy type may make |
//! | `blocks` | whole blocks with signed extrinsics, from genesis to the first payout |
//! | `epoch` | epochs of 65,536 components, compared with the contribution crate |
//! | `validators` | who authors, and what authors are paid |
//! | `equivocations` | what a double vote costs, whatever keys are registered since |
//! | `documentation` | documentation of our pallets, and the metadata file of the clients |

mod blocks;
mod brake;
mod chain;
mod documentation;
mod epoch;
mod equivocations;
mod genesis;
mod governance;
mod limits;
mod metadata_hash;
mod presets;
mod proxies;
#[cfg(feature = "try-runtime")]
mod try_runtime;
mod upgrade;
mod validators;
