//! The same cases over two real modules, and over a shim that fails on demand.

mod pkcs11 {
    pub(crate) mod case;
    pub(crate) mod faults;
    pub(crate) mod shared;
    pub(crate) mod softhsm;
}

use pkcs11::case::{Module, isolated};

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

over!(softhsm, Module::SoftHsm, crate::pkcs11::shared:
    rsa_pkcs1_and_pss_verify,
    larger_rsa_keys_verify,
    p256_verifies,
    p384_verifies,
    p521_verifies,
    ed25519_verifies_where_offered,
    wrong_pin_is_named_and_the_right_one_still_works,
    two_threads_sign_in_parallel,
    two_tokens_at_once,
    a_key_without_certificate_signs_a_request,
    imported_keys_sign,
    certificates_find_their_key_by_number,
    a_certificate_over_another_key_is_refused,
    pins_change_and_unblock,
    a_second_act_waits_or_is_told,
    everything_passes_as_messages,
    uris_select,
);

over!(kryoptic, Module::Kryoptic, crate::pkcs11::shared:
    rsa_pkcs1_and_pss_verify,
    p256_verifies,
    p384_verifies,
    p521_verifies,
    wrong_pin_is_named_and_the_right_one_still_works,
    two_threads_sign_in_parallel,
    a_key_without_certificate_signs_a_request,
    imported_keys_sign,
    certificates_find_their_key_by_number,
    a_certificate_over_another_key_is_refused,
    pins_change_and_unblock,
    a_second_act_waits_or_is_told,
    everything_passes_as_messages,
    uris_select,
);

over!(softhsm_only, Module::SoftHsm, crate::pkcs11::softhsm:
    always_authenticate_keys_sign,
    a_leftover_login_lets_nobody_sign,
    a_listing_beside_acts_is_whole,
    paths_off_the_list_are_refused_by_name,
    a_library_that_is_no_module_is_named,
    two_modules_at_once,
    many_key_pairs_do_not_slow_signing,
    a_fresh_token_from_nothing,
);

over!(shim, Module::Shim, crate::pkcs11::faults:
    counters_reach_the_prompt,
    counters_reach_whoever_watches_a_pin_file,
    many_at_once_keep_what_was_signed_before_the_end,
    many_at_once_lose_one_to_a_full_memory,
    many_at_once_are_given_up_by_the_one,
    sessions_spend_one_try_between_them,
    a_signature_spends_no_last_try,
    last_try_needs_a_yes,
    locked_pins_ask_nobody,
    a_pin_pad_gets_no_pin,
    removed_token_ends_the_act_and_the_next_works,
    lost_session_ends_the_act_and_the_next_works,
    device_memory_fails_one_item,
    wrong_lengths_are_named,
    threads_sign_at_the_same_time,
    a_token_with_few_sessions_serves_many_threads,
    a_hang_is_given_up,
    a_login_that_hangs_is_given_up,
    a_listing_that_hangs_is_given_up,
    a_crash_kills_only_its_process,
    hashing_tokens_get_the_message,
    a_key_that_shows_nothing_proves_itself_by_its_first_signature,
    one_login_one_logout_and_no_search_while_signing,
);
