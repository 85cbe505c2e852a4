//! Certificate authority and faulty PKCS#11 shim for the demo and the tests; never in a release's trust.
