//! What the kernel says of processes: who listens where, how much CPU and memory they had.
//!
//! Whoever serves a port on this machine is found by the port, so that nothing needs to be told where its database
//! or broker runs. What runs elsewhere or cannot be seen is unknown, never zero.

use std::fs;

/// Clock ticks a second in `/proc/PID/stat`: fixed by Linux for everything that reads it.
const TICK_MS: u64 = 10;

/// The process that listens on a TCP port of this machine.
pub(crate) fn listener(port: u16) -> Option<u32> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(|line| listening(line, port)).collect::<Vec<_>>())
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if sockets.is_empty() {
        return None;
    }
    // A process that was forked with the socket has a higher number than the one that opened it.
    processes().into_iter().filter(|pid| holds(*pid, &sockets)).min()
}

/// The inode of a listening socket (state 0A) on this port.
fn listening(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (address, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let (_, at) = address.rsplit_once(':')?;
    (*state == "0A" && u16::from_str_radix(at, 16).ok()? == port).then(|| (*inode).to_owned())
}

fn processes() -> Vec<u32> {
    let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
    folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

fn holds(pid: u32, sockets: &[String]) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}

/// A process with its children, not their children: PostgreSQL is built like that.
pub(crate) fn family(pid: u32) -> Vec<u32> {
    let children = processes().into_iter().filter(|child| Stat::of(*child).is_some_and(|s| s.parent == pid));
    std::iter::once(pid).chain(children).collect()
}

/// Milliseconds of CPU that a process has had, with those of its children that have ended.
pub(crate) fn cpu_ms(pid: u32) -> Option<u64> {
    Stat::of(pid).map(|stat| stat.ticks * TICK_MS)
}

/// The two fields of `/proc/PID/stat` that matter here.
struct Stat {
    parent: u32,
    /// utime, stime, cutime, cstime.
    ticks: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold spaces; what follows the last one is numbers.
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11..15)?.iter().filter_map(|n| n.parse::<u64>().ok()).sum();
        Some(Self { parent: fields.get(1)?.parse().ok()?, ticks })
    }
}

/// Resident memory of processes that share some of it, KiB: what is each one's own, and what is shared once. With
/// `peak`, the most that each has had.
pub(crate) fn rss_kb(pids: &[u32], peak: bool) -> Option<u64> {
    let (mut own, mut shared) = (0, 0);
    for pid in pids {
        let Some((rss, shmem)) = memory(*pid, peak) else { continue };
        own += rss.saturating_sub(shmem);
        shared = shared.max(shmem);
    }
    (own > 0).then_some(own + shared)
}

/// Resident memory of this process, MiB; with `peak`, the most that it has had.
pub(crate) fn own_rss_mb(peak: bool) -> Option<f64> {
    rss_kb(&[std::process::id()], peak).map(|kib| kib as f64 / 1024.0)
}

fn memory(pid: u32, peak: bool) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    Some((field(if peak { "VmHWM:" } else { "VmRSS:" })?, field("RssShmem:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_is_found_by_the_port() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        assert_eq!(listener(port), Some(std::process::id()));
        drop(socket);
        assert_eq!(listener(port), None);
    }

    #[test]
    fn this_process_has_cpu_and_memory() {
        assert!(cpu_ms(std::process::id()).is_some());
        assert!(rss_kb(&[std::process::id()], true) > Some(0) && rss_kb(&[std::process::id()], false) > Some(0));
        assert_eq!(cpu_ms(u32::MAX), None);
    }
}
