"use strict";
// What the pages share: two languages, tokens, one way to ask the gateway, due times, lists for the keyboard.
const el = id => document.getElementById(id);
const part = (tag, cls, ...inside) => { const e = document.createElement(tag); if (cls) e.className = cls; e.append(...inside.filter(i => i !== null && i !== undefined && i !== "")); return e; };

// Fragments carry secrets and what a telephone system hands over; they are read once and taken out of the address.
const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
if (location.hash) history.replaceState(null, "", location.pathname);
const HATS = ["token", "agent", "dispatcher", "reviewer", "signer", "handler"];
const hats = JSON.parse(sessionStorage.getItem("hats") || "{}");
for (const hat of HATS) if (given[hat]) hats[hat] = given[hat];
const keep = () => sessionStorage.setItem("hats", JSON.stringify(hats));
keep();
// The token for an act: that of the hat, else the one that was given for all, else any.
const token = hat => hats[hat] || hats.token || Object.values(hats)[0];

// Two languages, one at a time: `data-t="中文|English"` in the page, t("中文", "English") in scripts.
let lang = given.lang || localStorage.getItem("lang") || "zh";
const t = (zh, en) => (lang === "zh" ? zh || en : en || zh) || "";
const plain = code => (code || "").toLowerCase().replace(/^t_/, "").replaceAll("_", " ");
const word = (list, code) => { const found = LISTS[list].find(v => v.code === code); return found ? t(found.zh, list === "return" ? RETURNS[code] : plain(code)) : code || ""; };
const RETURNS = { 21: "not for the hotline", 22: "not our duty", 23: "not our area", 24: "facts are missing", 25: "a duplicate", 26: "other" };
function speak(root = document) {
  document.documentElement.lang = lang;
  const pick = text => text.split("|")[lang === "zh" ? 0 : 1];
  for (const e of root.querySelectorAll("[data-t]")) e.textContent = pick(e.dataset.t);
  for (const e of root.querySelectorAll("[data-label]")) e.setAttribute("aria-label", pick(e.dataset.label));
  for (const e of root.querySelectorAll("[data-hint]")) e.placeholder = pick(e.dataset.hint);
}

// One request. A command carries an id that stays until it was answered, so a second press is the same command.
const open_ids = new Map();
const random = () => [...crypto.getRandomValues(new Uint8Array(12))].map(b => b.toString(16).padStart(2, "0")).join("");
async function ask(hat, path, body, signal) {
  const headers = { authorization: "Bearer " + token(hat) }, file = body instanceof Blob;
  if (body) headers["content-type"] = file ? "application/octet-stream" : "application/json";
  let answer, told;
  try {
    answer = await fetch("/api/v1" + path, { method: body ? "POST" : "GET", headers, body: !body || file ? body : JSON.stringify(body), signal });
    told = await answer.json();
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw { status: 0, detail: t("连接中断,请重试;同一操作不会重复执行", "no connection; try again, nothing is done twice") };
  }
  if (answer.status === 401) { for (const h of HATS) delete hats[h]; keep(); enter(); }
  if (!answer.ok) throw told;
  return told;
}
async function act(hat, path, body) {
  const key = path + JSON.stringify(body);
  if (!open_ids.has(key)) open_ids.set(key, random());
  try {
    const done = await ask(hat, path, { request_id: open_ids.get(key), ...body });
    open_ids.delete(key);
    return done;
  } catch (problem) {
    // Refused for good: the next try is another command.
    if (problem.status >= 400 && problem.status < 500 && problem.code !== "ABORTED") open_ids.delete(key);
    throw problem;
  }
}

// News for everybody, read out by screen readers.
function tell(words, cls = "good") { el("told").className = "told " + cls; el("told").textContent = words; }
function refuse(problem) {
  if (problem?.name === "AbortError") return;
  console.error(problem);
  const wrong = (problem.fields || []).map(f => f.field + " " + f.problem).join("; ");
  tell([problem.reason, problem.detail || String(problem), wrong].filter(Boolean).join(" · "), "bad");
}
const trying = f => async (...a) => { try { return await f(...a); } catch (problem) { refuse(problem); } };

// The city's time, not the browser's.
let zone = "Asia/Shanghai", city_now = Date.now(), asked_at = performance.now();
const now = () => city_now + performance.now() - asked_at;
async function look_at_the_clock() {
  const clock = await (await fetch("/api/v1/now")).json();
  zone = clock.zone; city_now = Date.parse(clock.now); asked_at = performance.now();
  el("city").textContent = clock.city;
}
const when = at => at ? new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" }).format(new Date(at)).slice(5) : "";
const span = ms => { const m = Math.floor(Math.abs(ms) / 60000), h = Math.floor(m / 60), d = Math.floor(h / 24); return d ? t(`${d} 天 ${h % 24} 小时`, `${d} d ${h % 24} h`) : h ? t(`${h} 小时 ${m % 60} 分`, `${h} h ${m % 60} min`) : t(`${m} 分钟`, `${m} min`); };
const SOON = 2 * 3600e3;
const tone = due => { if (!due) return ""; const left = Date.parse(due) - now(); return left < 0 ? "bad" : left < SOON ? "warn" : "good"; };
function due_pill(zh, en, due) {
  if (!due) return null;
  const left = Date.parse(due) - now();
  const pill = part("span", "pill " + tone(due), left < 0 ? t(`${zh}超时 ${span(left)}`, `${en} late by ${span(left)}`) : t(`${zh}剩 ${span(left)}`, `${en}: ${span(left)} left`));
  pill.title = when(due);
  return pill;
}
const urgency_pill = u => u && u !== "NORMAL" ? part("span", "pill bad", word("urgency", u)) : null;

// A list one walks with the arrow keys: Enter opens, a letter acts on the row it stands on.
function walk(ul, items, row, { open, keys = {}, none }) {
  const at = ul.dataset.at;
  ul.setAttribute("role", "listbox");
  ul.replaceChildren(...(items.length ? items.map(item => {
    const li = row(item);
    li.setAttribute("role", "option");
    li.tabIndex = -1;
    li.dataset.key = item.number || item.unit || "";
    li.item = item;
    li.addEventListener("click", () => { pick(li); open?.(item); });
    return li;
  }) : [part("li", "none", none || t("无", "none"))]));
  const rows = [...ul.children].filter(li => li.item);
  const pick = li => { for (const r of rows) { r.tabIndex = -1; r.setAttribute("aria-selected", "false"); } li.tabIndex = 0; li.setAttribute("aria-selected", "true"); ul.dataset.at = li.dataset.key; };
  const had = ul.contains(document.activeElement) || ul.dataset.focus === "yes";
  const start = rows.find(li => li.dataset.key === at) || rows[0];
  if (start) { pick(start); if (had) start.focus(); }
  ul.onfocusin = e => { ul.dataset.focus = "yes"; const li = e.target.closest("li"); if (li?.item) pick(li); };
  ul.onfocusout = () => { setTimeout(() => { if (!ul.contains(document.activeElement)) delete ul.dataset.focus; }); };
  ul.onkeydown = e => {
    if (e.ctrlKey || e.altKey || e.metaKey || !(e.target instanceof HTMLElement)) return;
    const li = e.target.closest("li"), n = rows.indexOf(li);
    if (n < 0) return;
    const to = { ArrowDown: n + 1, j: n + 1, ArrowUp: n - 1, k: n - 1, Home: 0, End: rows.length - 1 }[e.key];
    if (to !== undefined) { e.preventDefault(); const next = rows[Math.max(0, Math.min(rows.length - 1, to))]; pick(next); next.focus(); return; }
    if (e.key === "Enter" || e.key === " ") { e.preventDefault(); open?.(li.item); return; }
    const f = keys[e.key.toLowerCase()];
    if (f) { e.preventDefault(); f(li.item); }
  };
}
function button(cls, zh, en, key, f) {
  const b = part("button", cls, t(zh, en), key ? " " : "", key ? part("kbd", "", key) : "");
  b.type = "button";
  b.addEventListener("click", f);
  return b;
}
function steps(list) {
  return part("ol", "steps", ...list.map(s => part("li", "", part("time", "quiet", when(s.at)),
    part("span", "", t(s.zh, s.en), " ", part("small", "", [t(s.role_zh, plain(s.role)), s.person, s.unit].filter(Boolean).join(" · "))))));
}

// The form for a token, where none was given.
function enter() {
  const known = Object.keys(hats).length > 0;
  el("enter").hidden = known;
  el("page").hidden = !known;
  if (!known) el("token").focus();
  return known;
}
function begin(page) {
  speak();
  el("enter").addEventListener("submit", e => { e.preventDefault(); hats.token = el("token").value.trim(); keep(); el("token").value = ""; if (enter()) page(); });
  el("lang").addEventListener("click", () => { lang = lang === "zh" ? "en" : "zh"; localStorage.setItem("lang", lang); speak(); page(); });
  if (enter()) page();
}
