//! Whole-system tests, and tests of the house itself.

mod architecture;
mod closing;
mod deploy;
mod figures;
mod house;
mod kit;
mod pages;
mod people_admin;
mod people_feed;
mod people_invitations;
mod people_limits;
mod people_members;
mod people_news;
mod people_node;
mod people_requests;
mod presence;
mod ready;
mod restore;
mod source;
mod sweep;
mod writer;
