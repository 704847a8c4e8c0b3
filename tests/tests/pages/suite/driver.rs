//! A page that is driven as a person would: typed into, pressed, given files. The browser speaks its own protocol (CDP)
//! over two pipes, messages of JSON that end with a zero byte.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::browser::{Browser, CALM};

/// How long a page may take for what it was asked.
const PATIENCE: Duration = Duration::from_secs(60);

/// One page of a browser of its own; gone with the browser when it is dropped.
pub(crate) struct Page {
    browser: Child,
    to: ChildStdin,
    told: Receiver<Value>,
    asked: u64,
    session: Option<String>,
    profile: PathBuf,
}

impl Page {
    /// Opens a page as wide and as high as said (`600,900`).
    pub(crate) fn open(browser: &Browser, url: &str, window: &str) -> Self {
        let profile = std::env::temp_dir().join(format!("suban-driven-{:08x}", rand::random::<u32>()));
        // The browser reads from descriptor 3 and writes to 4.
        let mut started = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"])
            .arg(browser.program())
            .args(CALM)
            .arg(format!("--user-data-dir={}", profile.display()))
            .args([&format!("--window-size={window}"), "--remote-debugging-pipe", "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (to, from) = (started.stdin.take().unwrap(), started.stdout.take().unwrap());
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let mut from = BufReader::new(from);
            let mut message = Vec::new();
            while from.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                let text = message.strip_suffix(&[0]).unwrap_or(&message);
                if tell.send(serde_json::from_slice(text).unwrap_or_default()).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let mut page = Self { browser: started, to, told, asked: 0, session: None, profile };
        let begun = Instant::now();
        let target = loop {
            let targets = page.ask("Target.getTargets", json!({}));
            let all = targets["targetInfos"].as_array().cloned().unwrap_or_default();
            if let Some(target) = all.into_iter().find(|t| t["type"] == "page") {
                break target;
            }
            assert!(begun.elapsed() < PATIENCE, "the browser opened no page: {targets}");
            page.a_moment();
        };
        let attached = page.ask("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        page.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        page.ask("Page.navigate", json!({ "url": url }));
        page.until("document.readyState === 'complete' && location.protocol.startsWith('http')", "the page is there");
        page
    }

    /// What an expression of the page comes to; a promise is waited for.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let ask = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let mut done = self.ask("Runtime.evaluate", ask);
        assert!(done["exceptionDetails"].is_null(), "{expression}: {}", done["exceptionDetails"]);
        done["result"]["value"].take()
    }

    /// Waits until an expression of the page is true.
    pub(crate) fn until(&mut self, holds: &str, what: &str) {
        let begun = Instant::now();
        while self.evaluate(&format!("Boolean({holds})")) != json!(true) {
            assert!(begun.elapsed() < PATIENCE, "it never came: {what} ({holds}) on\n{}", self.text());
            self.a_moment();
        }
    }

    /// Waits until the page says these words.
    pub(crate) fn says(&mut self, words: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(words)), words);
    }

    /// What the page says.
    pub(crate) fn text(&mut self) -> String {
        self.evaluate("document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Presses what this selector finds.
    pub(crate) fn click(&mut self, selector: &str) {
        self.until(&format!("document.querySelector({})", json!(selector)), selector);
        self.evaluate(&format!("document.querySelector({}).click()", json!(selector)));
    }

    /// Presses the button that says this.
    pub(crate) fn press(&mut self, words: &str) {
        let button = format!(
            "[...document.querySelectorAll('button')].find(b => b.offsetParent && !b.disabled && b.innerText.includes({}))",
            json!(words)
        );
        self.until(&button, words);
        self.evaluate(&format!("{button}.click()"));
    }

    /// Writes into a field as a person does, over what stood there.
    pub(crate) fn write(&mut self, id: &str, words: &str) {
        self.until(&format!("document.getElementById({})", json!(id)), id);
        self.evaluate(&format!(
            "(() => {{ const e = document.getElementById({}); e.focus(); e.select?.(); }})()",
            json!(id)
        ));
        self.ask("Input.insertText", json!({ "text": words }));
    }

    /// Presses a key where the focus is.
    pub(crate) fn key(&mut self, key: &str) {
        // What a browser does itself with a key, such as closing a dialog, it tells by this number.
        let number = match key {
            "Enter" => 13,
            "Escape" => 27,
            key => key.strip_prefix('F').and_then(|n| n.parse::<u32>().ok()).map_or(0, |n| 111 + n),
        };
        let mut event = json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": number });
        if key == "Enter" {
            event["text"] = json!("\r");
        } else if key.chars().count() == 1 {
            event["text"] = json!(key);
        }
        self.ask("Input.dispatchKeyEvent", event);
        self.ask("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key, "code": key }));
    }

    /// Chooses a file where a page asks for one.
    pub(crate) fn attach(&mut self, selector: &str, file: &Path) {
        self.until(&format!("document.querySelector({})", json!(selector)), selector);
        let root = self.ask("DOM.getDocument", json!({}))["root"]["nodeId"].clone();
        let node = self.ask("DOM.querySelector", json!({ "nodeId": root, "selector": selector }))["nodeId"].clone();
        self.ask("DOM.setFileInputFiles", json!({ "nodeId": node, "files": [file] }));
    }

    /// Until the browser tells something, or a moment has passed: then it is worth looking again.
    fn a_moment(&self) {
        drop(self.told.recv_timeout(Duration::from_millis(50)));
    }

    /// One call of the browser's protocol; what it tells in between is nobody's.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser runs");
        loop {
            let mut told = self.told.recv_timeout(PATIENCE).expect("the browser answers");
            if told["id"] == json!(self.asked) {
                assert!(told["error"].is_null(), "{method}: {}", told["error"]);
                return told["result"].take();
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.browser.kill();
        let _ = self.browser.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
