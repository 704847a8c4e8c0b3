//! The visitor's walk (`make show`), played whole: a city of its own in six processes, one of which is killed on the way.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    ALONE,
    suite::{Ground, binary, browser, driver::Page},
};

/// The city's day, from the first process to the link, on a slow machine.
const DAY: Duration = Duration::from_secs(300);
/// As wide as a screen on which one shows something.
const SCREEN: &str = "900,1200";

/// `suban up --show`, until it is told to stop.
struct Show {
    process: Child,
    ground: Ground,
    link: String,
    dispatch: String,
}

impl Show {
    async fn start() -> Option<Self> {
        let ground = Ground::new().await?;
        let log = ground.log("show.log");
        let mut process = Command::new(binary())
            .args(["up", "--show", "--tickets", "30", "--seed", "5"])
            .envs(ground.env().iter().cloned())
            // Nobody sits here.
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WSL_DISTRO_NAME")
            .current_dir(ground.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (tell, told) = channel();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        let mut said = String::new();
        let link = word(&told, &mut said, "/show#", |word| word.starts_with("http"));
        let dispatch = word(&told, &mut said, "kill -9", |word| word.parse::<u32>().is_ok());
        Some(Self { process, ground, link, dispatch })
    }

    fn stop(mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let ended = self.process.wait().unwrap();
        assert!(ended.success(), "the show ended with {ended}; see {}", self.ground.folder().display());
        let _ = std::fs::remove_dir_all(self.ground.folder());
    }
}

impl Drop for Show {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
            let _ = self.process.wait();
        }
    }
}

/// The word of this kind on the line that has this in it.
fn word(told: &Receiver<String>, said: &mut String, on: &str, kind: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let line = told.recv_timeout(DAY.saturating_sub(begun.elapsed()));
        assert!(line.is_ok(), "it never said {on}; it said\n{said}");
        let line = line.unwrap_or_default();
        if line.contains(on) {
            return line.split_whitespace().find(|word| kind(word)).unwrap().to_owned();
        }
        said.push_str(&line);
        said.push('\n');
    }
}

/// Presses the button of a step and waits until it is done; answers with what it says then.
fn step(page: &mut Page, n: usize) -> String {
    let form = format!("document.querySelector('#walk > li:nth-child({n}) form')");
    page.click(&format!("#walk > li:nth-child({n}) button.main"));
    page.until(&format!("{form}.dataset.done"), &format!("step {n} ends"));
    let said = page.evaluate(&format!("{form}.innerText")).as_str().unwrap_or_default().to_owned();
    assert_eq!(page.evaluate(&format!("{form}.dataset.done")), json!("yes"), "step {n}: {said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_walks_all_eight_steps_and_a_killed_process_loses_nothing() {
    let _alone = ALONE.lock().await;
    let Some(browser) = browser::find() else {
        eprintln!("skipped: no chromium is installed; as root: apt-get install chromium");
        return;
    };
    let Some(show) = Show::start().await else { return };
    let mut page = Page::open(&browser, &show.link, SCREEN);
    page.until("document.body.dataset.ready", "the walk is there");
    let says = |said: &str, wanted: &[&str]| {
        for words in wanted {
            assert!(said.contains(words), "{words} is missing in\n{said}");
        }
    };
    // The visitor's own words, about another place than the example's.
    page.write("f0-words", "松岭街道松涛社区松涛路88号路边的路灯不亮,晚上一片漆黑,请派人维修。");
    page.write("f0-place", "松涛社区松涛路88号");
    says(&step(&mut page, 1), &["SB", "路灯", "办理剩", "工单号已可告知"]);
    page.write("f1-words", "你好,松涛社区松涛路88号那盏路灯坏了不亮,晚上很黑,麻烦修一下。");
    says(&step(&mut page, 2), &["SB", " %", "松涛路88号"]);
    says(&step(&mut page, 3), &["致电", "来访者", "已签收、已联系"]);
    let reply = "您好,我司已于当日派员到松涛路88号现场核查,更换了损坏的灯具和线路,路灯现已恢复照明,感谢您的监督。";
    page.write("f3-reply", reply);
    says(&step(&mut page, 4), &["空答复:", "“已处理。”", "待回访", "恢复照明"]);
    says(&step(&mut page, 5), &["已回到单位重办"]);
    says(&step(&mut page, 6), &["20 件:单位收到", "撤出一件"]);
    let killed = Command::new("kill").args(["-9", &show.dispatch]).status().unwrap();
    assert!(killed.success(), "dispatch ran as {}", show.dispatch);
    says(&step(&mut page, 7), &["登记 20 件,不同编号 20 个", "继续办理 20 件"]);
    step(&mut page, 8);
    let file = "document.querySelector('iframe.case')?.contentDocument?.body?.innerText";
    page.until(&format!("{file}?.includes('查阅记录')"), "the ticket's file stands in its frame");
    let file = page.evaluate(file);
    says(file.as_str().unwrap(), &["工单档案", "已脱敏", "办理过程", "重办", "演示: 打印档案"]);
    drop(page);
    show.stop();
}
