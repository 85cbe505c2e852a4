//! PKCS#11 tokens and PKCS#12 key stores behind one message-shaped trait.
