//! Whole-system tests, and tests of the house itself.

mod architecture;
mod closing;
mod deploy;
mod figures;
mod house;
mod kit;
mod ready;
mod restore;
mod source;
mod writer;
