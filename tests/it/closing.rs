//! The table at the end of `make test` is often all that is left of a run elsewhere: a step that failed names the
//! tests at fault. Each runner's words below are as it prints them.

use std::process::Command;

use crate::source::root;

/// What the table says of a step that printed `log`.
fn closing(log: &str, failed: bool) -> String {
    let file = std::env::temp_dir().join(format!("unisson-closing-{}.log", uuid::Uuid::now_v7()));
    std::fs::write(&file, log).expect("the log is written");
    let mut command = Command::new(root().join("scripts/closing"));
    command.arg(&file).args(failed.then_some("failed"));
    let output = command.output().expect("bash is here");
    std::fs::remove_file(&file).expect("the log goes");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

#[test]
fn nextest_names_each_failure_once_whatever_killed_it() {
    let log = "
        PASS [   0.013s] (1/3) zz tests::good
     SIGABRT [   0.020s] (2/3) zz tests::worse
        \u{1b}[31;1mFAIL\u{1b}[0m [   0.184s] (3/3) zz::it tests::bad
    test tests::bad ... FAILED
    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.16s
────────────
     Summary [   0.185s] 3 tests run: 1 passed, 2 failed, 0 skipped
     SIGABRT [   0.020s] (2/3) zz tests::worse
        FAIL [   0.184s] (3/3) zz::it tests::bad
error: test run failed
";
    assert_eq!(
        closing(log, true),
        "Summary [   0.185s] 3 tests run: 1 passed, 2 failed, 0 skipped: zz tests::worse | zz::it tests::bad"
    );
    assert_eq!(closing(log, false), "Summary [   0.185s] 3 tests run: 1 passed, 2 failed, 0 skipped");
}

#[test]
fn node_names_file_and_title_in_either_of_its_forms() {
    let spec = "
✖ another, with # sign (0.105587ms)
ℹ tests 3
ℹ pass 1
ℹ fail 2

✖ failing tests:

test at a.test.mjs:2:27
✖ fails here (1.515976ms)
  AssertionError [ERR_ASSERTION]: 1 == 2

test at test/b.test.mjs:3:1
✖ another, with # sign (0.105587ms)
";
    assert_eq!(
        closing(spec, true),
        "tests 3; pass 1; fail 2: a.test.mjs › fails here | test/b.test.mjs › another, with # sign"
    );
    let tap = "
    not ok 1 - fails here
      ---
      location: '/src/a.test.mjs:2:27'
      failureType: 'testCodeFailure'
not ok 1 - suite a
  ---
  location: '/src/a.test.mjs:2:1'
  failureType: 'subtestsFailed'
# tests 3
# fail 1
";
    assert_eq!(closing(tap, true), "tests 3; fail 1: a.test.mjs › fails here");
}

#[test]
fn vitest_names_file_suite_and_title() {
    let log = "
   ❯ a suite (1)
     × a title 7ms

 FAIL  src/zz.test.ts > a suite > a title
AssertionError: expected 1 to be 2 // Object.is equality

 Test Files  1 failed (1)
      Tests  1 failed (1)
";
    assert_eq!(closing(log, true), "Tests  1 failed (1): src/zz.test.ts › a suite › a title");
}

#[test]
fn playwright_names_what_failed_and_apart_from_it_what_was_flaky() {
    let log = "
  ✘   1 coedit.spec.ts:3:1 › two people write one page (19.4s)

  2 failed
    coedit.spec.ts:3:1 › two people write one page ────
    [chromium] › pages.spec.ts:69:3 › every page › in French 
  1 flaky
    offline.spec.ts:72:1 › lists and documents ─────
  10 passed (2.5m)
";
    assert_eq!(
        closing(log, true),
        "2 failed; 1 flaky; 10 passed (2.5m): coedit.spec.ts › two people write one page | pages.spec.ts › every page › in French; at the second try: offline.spec.ts › lists and documents"
    );
}

#[test]
fn the_fuzzer_names_its_target_and_what_happened() {
    let log = "
== frames, 10 s, 0 s left
Done 1643959 runs in 11 second(s)
== guard, 10 s, 0 s left
artifact_prefix='artifacts/guard/'; Test unit written to artifacts/guard/oom-7d96
SUMMARY: libFuzzer: out-of-memory
";
    assert_eq!(closing(log, true), "Done 1643959 runs in 11 second(s): guard › out-of-memory");
}

#[test]
fn of_many_failures_the_first_four_are_named_and_the_rest_counted() {
    let log: String = (1..=9).map(|n| format!("        FAIL [   0.184s] ({n}/9) a::b test_{n}\n")).collect();
    let said = closing(&log, true);
    assert_eq!(said, "a::b test_1 | a::b test_2 | a::b test_3 | a::b test_4 | and 5 more");
}

#[test]
fn where_no_test_ran_the_first_error_is_named_or_the_last_words() {
    let log = "   Compiling unisson\nerror[E0425]: cannot find value `x` in this scope\n --> a.rs:1\nerror: could not compile\n";
    assert_eq!(closing(log, true), "error[E0425]: cannot find value `x` in this scope");
    assert_eq!(closing("a\nThe pages could not be built.\n\n", true), "The pages could not be built.");
    assert_eq!(closing("", true), "");
    let letters = "é".repeat(4000);
    assert!(closing(&letters, true).chars().all(|letter| letter == 'é'), "no half letter");
}
