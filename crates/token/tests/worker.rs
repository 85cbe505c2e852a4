//! Modules and key files in worker processes: the same answers, and what a module does costs its own process alone.

#[path = "pkcs11/case.rs"]
#[expect(dead_code, reason = "shared with the tests of modules in this process")]
mod case;
mod worker {
    mod dialogue;
    pub(crate) mod faults;
    mod pipe;
    pub(crate) mod prompts;
    pub(crate) mod pty;
    pub(crate) mod rig;
    pub(crate) mod session;
}

use case::{Module, isolated};

/// Not a test: what a worker process of these tests runs. See [`worker::rig::spawn`].
#[test]
fn worker_process() {
    if std::env::var_os(worker::rig::WORKER).is_some() {
        let code = kyso_token::worker::main([]);
        assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    }
}

/// Each case becomes a test of its own, which runs in a process of its own: a module reads its configuration once.
macro_rules! over {
    ($name:ident, $module:expr, $cases:path: $($case:ident),+ $(,)?) => {
        mod $name {
            use super::*;
            use $cases as cases;
            $(#[test]
            fn $case() {
                isolated(concat!(stringify!($name), "::", stringify!($case)), $module, cases::$case);
            })+
        }
    };
}

over!(session, Module::Shim, crate::worker::session:
    the_same_as_in_this_process,
    one_act_at_a_time_and_each_with_its_own_login,
    key_files_sign_in_a_worker,
    a_token_is_set_up_through_a_worker,
    paths_and_digests_are_checked_by_the_worker,
    two_names_of_a_module_share_a_process,
    a_token_behind_two_modules_has_one_login,
    an_idle_worker_ends_and_a_needed_one_does_not,
    another_token_in_the_slot_is_not_asked,
    no_pin_is_in_any_message_log_or_process,
);

over!(faults, Module::Shim, crate::worker::faults:
    a_crash_costs_its_act_and_nothing_else,
    a_hang_ends_every_call_of_its_worker,
    a_frozen_worker_is_noticed,
    a_leak_retires_the_worker_after_its_act,
    a_leak_within_an_act_meets_the_limit,
    noise_on_standard_output_disturbs_nobody,
    one_module_hangs_and_crashes_while_the_other_signs,
    a_listing_answers_while_a_signature_is_under_way,
    a_killed_parent_leaves_no_worker,
    a_killed_parent_leaves_no_hung_worker,
    a_killed_parent_leaves_no_worker_that_cannot_exit,
    a_pulled_token_ends_the_act_and_comes_back,
);

over!(prompts, Module::Shim, crate::worker::prompts:
    a_worker_asks_at_the_terminal,
    a_wrong_pin_is_not_tried_again,
    a_terminal_cancels_and_times_out,
    a_killed_worker_leaves_the_terminal_as_it_was,
    the_last_try_needs_a_typed_word,
    a_worker_asks_through_a_pinentry,
    a_prompt_of_this_process_is_refused,
);
