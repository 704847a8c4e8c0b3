//! How the suite calls others over HTTP: a language model, a webhook, a store of files.

/// The suite's one provider of cryptography, for clients that bring none; whoever is second finds it set.
pub fn use_our_cryptography() {
    drop(tokio_rustls::rustls::crypto::ring::default_provider().install_default());
}

/// A client that is still to be given its time limits. It follows no redirects: whoever is called was named by a setting.
pub fn client() -> reqwest::ClientBuilder {
    use_our_cryptography();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none())
}
