//! A headless Chromium: a page's text after its script ran, and its picture.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Where it is.
pub(crate) struct Browser(PathBuf);

/// A browser without a screen that asks nobody anything by itself.
pub(crate) const CALM: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
];

/// The browser of this machine, if there is one.
pub(crate) fn find() -> Option<Browser> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().flat_map(|name| folders.iter().map(move |f| f.join(name))).find(|f| f.is_file()).map(Browser)
}

impl Browser {
    /// The program.
    pub(crate) fn program(&self) -> &Path {
        &self.0
    }

    /// What a page says, tags removed, once its script had time to ask.
    pub(crate) fn text(&self, url: &str, window: &str) -> String {
        let html = self.run(&["--dump-dom".into(), format!("--window-size={window}"), url.into()]);
        let body = html.split_once("<main").map_or(html.as_str(), |(_, body)| body);
        let body = body.split("<script>").next().unwrap_or_default();
        let mut text = String::new();
        for piece in body.split('<') {
            text.push_str(piece.split_once('>').map_or("", |(_, words)| words));
            text.push(' ');
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A page as it looks.
    pub(crate) fn picture(&self, url: &str, window: &str, to: &Path) {
        // The browser runs in a folder of its own: the path must not depend on where it is.
        let to = std::path::absolute(to).unwrap();
        self.run(&[format!("--screenshot={}", to.display()), format!("--window-size={window}"), url.into()]);
        assert!(to.is_file(), "chromium left no picture");
    }

    fn run(&self, arguments: &[String]) -> String {
        let profile = std::env::temp_dir().join(format!("suban-browser-{:08x}", rand::random::<u32>()));
        let ran = Command::new(&self.0)
            .args(CALM)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("--virtual-time-budget=8000")
            .args(arguments)
            .output()
            .unwrap();
        let _ = std::fs::remove_dir_all(&profile);
        assert!(ran.status.success(), "chromium: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }
}
