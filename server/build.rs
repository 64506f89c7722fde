//! Makes a release build notice a newly built client, which it carries inside. A debug build reads it off the disk.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed=../web-client/dist");
    }
}
