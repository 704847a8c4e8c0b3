// The hall's desk. It decides nothing: what is shown was asked of a service, and a key sends one command.
const TABS = ["call", "queue", "pairs", "search", "handover"];
let shown = "call";
function show(tab) {
  shown = tab;
  for (const name of TABS) {
    el(name).hidden = name !== tab;
    el("tab-" + name).setAttribute("aria-selected", String(name === tab));
    el("tab-" + name).tabIndex = name === tab ? 0 : -1;
  }
  ({ call: () => {}, queue: look_at_queue, pairs: look_at_pairs, search: search_form, handover: look_at_handover })[tab]();
}
for (const name of TABS) el("tab-" + name).addEventListener("click", () => { show(name); focus_on(name); });
const FIRST = { call: "phone", search: "sought" }, FIRST_LIST = { queue: "waiting", pairs: "asked", handover: "handovers" };
const focus_on = tab => FIRST[tab] ? el(FIRST[tab]).focus() : later_focus(el(FIRST_LIST[tab]));
// A list that is still being asked for takes the focus once it is there.
const later_focus = ul => { ul.dataset.focus = "yes"; ul.querySelector("li[tabindex='0']")?.focus(); };

document.addEventListener("keydown", e => {
  const to = { F2: () => { show("call"); fresh(); }, F3: () => { show("call"); el("words").focus(); }, F4: () => { show("call"); later_focus(el("alike")); },
    F6: () => { show("search"); focus_on("search"); el("sought").select(); }, F7: () => { show("queue"); focus_on("queue"); }, F8: () => { show("pairs"); focus_on("pairs"); }, F10: () => { show("handover"); focus_on("handover"); }, F9: () => shown === "call" && register() }[e.key];
  if (to && !e.altKey && !e.ctrlKey) { e.preventDefault(); to(); return; }
  if (e.key === "Enter" && e.ctrlKey && shown === "call") { e.preventDefault(); register(); }
  if (e.key === "?" && !/INPUT|TEXTAREA|SELECT/.test(e.target.tagName)) { e.preventDefault(); el("keys").showModal(); }
});
el("help").addEventListener("click", () => el("keys").showModal());

// --- A call -----------------------------------------------------------------------------------------------------
let draft = null, under_way = null, debounce = 0;
function fresh() {
  for (const id of ["phone", "name", "words", "place"]) el(id).value = "";
  el("no_contact").checked = false;
  for (const id of ["registered", "opened", "answers"]) el(id).hidden = true;
  draft = null;
  el("known").replaceChildren(part("p", "none", t("输入号码后回车,显示其历史诉求", "type the number and press Enter: what this caller asked before")));
  read_nothing();
  el("phone").focus();
}
el("fresh").addEventListener("click", fresh);
function read_nothing() {
  el("ask").replaceChildren();
  el("reading").replaceChildren(part("p", "none", t("边输入边识别事项、地点与承办单位", "matter, place and unit are read while you type")));
  walk(el("alike"), [], null, { none: t("暂无相同诉求", "nothing alike so far") });
}
el("who").addEventListener("submit", e => { e.preventDefault(); look_up(); });
el("phone").addEventListener("keydown", e => { if (e.key === "Enter" && !e.ctrlKey) { e.preventDefault(); look_up(); } });
const look_up = trying(async () => {
  if (!el("phone").value.trim()) return el("words").focus();
  const caller = await ask("agent", "/callers/lookup", { phone: el("phone").value });
  const list = part("ul", "list");
  const tickets = [...caller.open, ...caller.last.filter(l => !caller.open.some(o => o.number === l.number))];
  el("known").replaceChildren(
    part("div", "row", part("h2", "", t("历史诉求", "Asked before")), part("span", "pill " + (caller.repeats_in_30_days > 3 ? "warn" : ""), t(`30 天内 ${caller.repeats_in_30_days} 次`, `${caller.repeats_in_30_days} in 30 days`))),
    list, ...(caller.last_public_reply ? [part("div", "stack", part("h3", "", t("最近答复", "Last reply"), " ", part("span", "number", caller.last_public_reply_number)), part("p", "said", caller.last_public_reply))] : []));
  list.setAttribute("aria-label", t("历史诉求", "asked before"));
  walk(list, tickets, l => {
    const li = part("li", caller.open.some(o => o.number === l.number) ? tone(l.due) || "good" : "", part("div", "row", part("b", "two", l.title || "–")),
      part("div", "row", part("span", "pill act", t(l.state_zh, plain(l.state))), urgency_pill(l.urgency), part("small", "number", l.number), part("small", "end", when(l.received_at))));
    return li;
  }, { open: open_ticket, keys: { u: urge, s: supplement }, none: t("首次来电", "calls for the first time") });
  if (el("words").value.trim()) read_words();
  el("words").focus();
});
for (const id of ["words", "place"]) el(id).addEventListener("input", () => { clearTimeout(debounce); debounce = setTimeout(read_words, 300); });
// What was asked of an earlier wording is of no use any more.
const read_words = trying(async () => {
  under_way?.abort();
  const { signal } = under_way = new AbortController();
  const text = el("words").value.trim(), phone = el("phone").value.trim();
  if (!text) return read_nothing();
  const read = await ask("agent", "/drafts/read", { text, place: el("place").value, reachable: phone !== "" && !el("no_contact").checked }, signal);
  const chosen = el("matter")?.dataset.by === "person" ? el("matter").value : "";
  const matter = chosen || read.matter;
  const [judged, unit] = await Promise.all([
    ask("agent", "/drafts/judge", { text, area: read.area, matter, phone }, signal),
    ask("agent", "/drafts/unit", { matter, area: read.area, text }, signal)]);
  draft = read;
  show_asking(read);
  show_reading(read, unit, chosen);
  show_alike(judged);
  document.body.dataset.ready = "yes";
});
const RISKS = { injury: ["伤人", "injury"], gas: ["燃气", "gas"], fire: ["火情", "fire"], suicide: ["轻生", "suicide"], group_event: ["群体性", "many people"], wages: ["欠薪", "wages"], danger: ["危险", "danger"] };
function show_asking(read) {
  el("ask").replaceChildren(...[
    read.risks.length ? part("p", "note bad", t("注意: ", "Mind: "), read.risks.map(r => `${t(...(RISKS[r.risk] || [r.risk, r.risk]))}“${r.word}”`).join(" · ")) : null,
    read.missing.length ? part("p", "note warn", t("还需询问: ", "Still to ask: "), read.missing.map(m => t(m.ask_zh, m.ask_en)).join(" ")) : null,
    read.conflicts.length ? part("p", "note warn", t("地点有矛盾: ", "Places contradict: "), read.conflicts.map(c => `${c.one} ≠ ${c.other}`).join("; ")) : null,
    read.parts.length > 1 ? part("p", "note", t("含多项诉求: ", "Several demands: "), read.parts.map(p => p.name || p.text).join(" + ")) : null].filter(Boolean));
}
function show_reading(read, unit, chosen) {
  const matter = part("select", ""), other = part("input", "");
  matter.id = "matter"; other.id = "other_matter";
  if (chosen) matter.dataset.by = "person";
  const offered = [{ matter: read.matter, name: read.matter_name || t("未识别", "not recognised") }, ...read.matters.filter(m => m.matter !== read.matter)];
  if (chosen && !offered.some(m => m.matter === chosen)) offered.push({ matter: chosen, name: t("人工选定", "chosen") });
  for (const m of offered) matter.append(Object.assign(part("option", "", m.name, m.matter ? ` ${m.matter}` : ""), { value: m.matter, selected: m.matter === (chosen || read.matter) }));
  matter.addEventListener("change", () => { matter.dataset.by = "person"; read_words(); });
  other.addEventListener("change", () => { const code = code_of(other); if (code) { matter.append(Object.assign(part("option", "", code), { value: code, selected: true })); matter.dataset.by = "person"; read_words(); } });
  const others = part("label", "", t("其他事项(名称或代码)", "another matter (name or code)"));
  others.htmlFor = other.id;
  const label = part("label", "", t("事项", "matter"));
  label.htmlFor = "matter";
  const first = unit.candidates[0];
  const sends = unit.tier === "AUTO";
  el("reading").replaceChildren(
    part("div", "row", part("h2", "", read.title || t("识别结果", "What was read")), part("span", "pill", t(read.kind_zh, plain(read.kind)) || t("类型未识别", "type unknown")), urgency_pill(read.urgency)),
    part("div", "", label, matter, read.matter_because.length ? part("small", "", t("依据: ", "by: "), read.matter_because.join("、")) : null),
    part("div", "", others, other),
    part("div", "row", part("span", "quiet", t("地点", "place")), part("span", "", read.areas.map(a => a.name).join(" › ") || t("未识别", "not recognised"))),
    part("div", "row", part("span", "quiet", t("承办单位", "unit")), part("span", "unit", first ? first.unit_name : t("由人工分拨", "a person decides")), part("span", "pill " + (sends ? "good" : "warn"), sends ? t("自动分拨", "sent by itself") : t(unit.tier_zh, plain(unit.tier)))),
    part("p", "quiet", t(unit.reason_zh, unit.reason_en)));
  picker("agent", other, "matters");
}
function show_alike(judged) {
  const answer = judged.events.filter(e => e.answer);
  el("answers").hidden = !judged.events.length;
  el("answers").replaceChildren(...judged.events.map(e => part("div", "stack", part("div", "row", part("h2", "", e.title), part("span", "pill warn", t(`群发事件 · ${e.tickets} 件`, `mass event · ${e.tickets}`))),
    e.answer ? part("p", "note good", e.answer) : null, e.answer ? part("small", "", t("统一口径,有效至 ", "to be answered until "), when(e.answer_until)) : null)));
  if (answer.length) tell(t("有统一口径,请照此答复", "there is a standing answer"), "good");
  walk(el("alike"), judged.candidates, c => part("li", c.score >= .9 ? "good" : c.score >= .5 ? "warn" : "",
    part("div", "row", part("b", "number", c.number), part("span", "pill act", t(c.state_zh, plain(c.state))), part("span", "score end", Math.round(c.score * 100) + " %")),
    part("p", "two", c.text), part("small", "", [c.place, t(c.class_zh, c.class), when(c.received_at)].filter(Boolean).join(" · ")),
    part("p", "quiet", t(c.reason_zh, c.reason_en)), c.blocked_by ? part("p", "error", t("不可并案: ", "may not be merged: "), c.blocked_by) : null),
    { open: open_ticket, keys: { u: urge, s: supplement }, none: t("没有相同的诉求", "nothing alike") });
}
// All of a ticket: how it stands, what one may do with it here, its files, its steps.
async function whole(hat, number, ...acts) {
  const [ticket, history] = await Promise.all([ask(hat, "/tickets/" + number), ask(hat, `/tickets/${number}/history`)]);
  return [...outline(ticket), part("div", "row", ...acts, file_button(hat, number)), files(hat, number), steps(history.entries)];
}
const open_ticket = trying(async line => {
  const all = await whole("agent", line.number, button("", "催办", "Urge", "U", () => urge(line)), button("", "补充", "Add words", "S", () => supplement(line)));
  el("opened").hidden = false;
  el("opened").replaceChildren(...all);
});
const lead_of = ticket => ticket.tasks.findLast(k => k.role === "LEAD" && !/CANCELLED/.test(k.state));
function outline(ticket) {
  const lead = lead_of(ticket);
  return [part("div", "row", part("b", "number", ticket.number), part("span", "pill act", t(ticket.state_zh, plain(ticket.state))), urgency_pill(ticket.urgency), lead ? due_pill("办理", "due", lead.handle_due) : null),
    part("h2", "", ticket.title), part("p", "said", ticket.words.join("\n")),
    part("dl", "", part("dt", "", t("地点", "place")), part("dd", "", [ticket.area_name, ticket.place].filter(Boolean).join(" · ") || "–"), part("dt", "", t("事项", "matter")), part("dd", "", ticket.matter_name || t("未识别", "unknown")),
      part("dt", "", t("承办单位", "unit")), part("dd", "", lead ? `${lead.unit_name || lead.unit} · ${word("task_state", lead.state)}` : "–"),
      ...(ticket.master ? [part("dt", "", t("并案于", "follows")), part("dd", "number", ticket.master)] : []), ...(ticket.members ? [part("dt", "", t("并案", "members")), part("dd", "", String(ticket.members))] : []))];
}
// "The same as": nothing new is made of it.
const urge = trying(async line => {
  const done = await act("agent", `/tickets/${line.number}/urge`, { text: el("words").value.trim() });
  tell(t(`已催办 ${done.number}`, `urged ${done.number}`));
});
const supplement = trying(async line => {
  const text = el("words").value.trim();
  if (!text) { el("words").focus(); return tell(t("请先填写补充内容", "type what is to be added"), "bad"); }
  const done = await act("agent", `/tickets/${line.number}/supplement`, { text });
  tell(t(`已补充到 ${done.number}`, `added to ${done.number}`));
});
el("said").addEventListener("submit", e => { e.preventDefault(); register(); });
const register = trying(async () => {
  const text = el("words").value.trim();
  if (!text) { el("words").focus(); return tell(t("请填写诉求内容", "type what is said"), "bad"); }
  const matter = el("matter");
  const made = await act("agent", "/tickets", { text, place: el("place").value.trim(), title: draft?.title || "", name: el("name").value.trim(), phone: el("phone").value.trim(),
    no_contact: el("no_contact").checked, matter: matter?.dataset.by === "person" ? matter.value : "" });
  tell(t(`已登记 ${made.number}`, `registered ${made.number}`));
  el("registered").hidden = false;
  const outcome = part("div", "stack");
  const link = made.progress ? Object.assign(part("a", "", t("诉求人进度页", "the citizen's page")), { href: made.progress, target: "_blank", rel: "noopener" }) : null;
  el("registered").replaceChildren(part("div", "row", part("span", "quiet", t("请告知工单号", "number to read out")), part("span", "big number", made.number), link), outcome);
  for (let look = 0; look < 40; look += 1) {
    const ticket = await ask("agent", "/tickets/" + made.number);
    outcome.replaceChildren(...outline(ticket).slice(0, 1), ...outline(ticket).slice(3));
    if (!/RECEIVED|PENDING_DISPATCH/.test(ticket.state) || ticket.verdict === "SUGGESTED") break;
    await new Promise(r => setTimeout(r, 300));
  }
});

// --- The queue --------------------------------------------------------------------------------------------------
let next_page = "", reading = null, why = null, proposed = [];
const look_at_queue = trying(async () => {
  const how = { all: "", unclaimed: "&unclaimed=true", mine: "&mine=true", CRITICAL: "&urgency=CRITICAL", URGENT: "&urgency=URGENT" }[el("narrow").value || "all"];
  const page = await ask("dispatcher", "/queue?page_size=50" + how);
  next_page = page.next_page_token;
  el("more").hidden = !next_page;
  show_queue(page.entries);
  document.body.dataset.ready = "yes";
});
function show_queue(entries) {
  walk(el("waiting"), entries, q => part("li", q.urgency === "CRITICAL" ? "bad" : q.urgency === "URGENT" ? "warn" : tone(q.due),
    part("div", "row", part("b", "two", q.title || q.number)),
    part("div", "row", part("span", "pill act", t(q.reason_zh, plain(q.reason))), urgency_pill(q.urgency), due_pill("", "due", q.due), q.claimed_by ? part("span", "pill warn", q.claimed_by) : null, part("small", "number end", q.number))),
    { open: read_ticket, none: t("没有待处理的工单", "nothing waits"),
      keys: { n: take_next, c: claim, r: release, 1: q => send(q, 0), 2: q => send(q, 1), 3: q => send(q, 2), a: q => decide(q, true), x: q => decide(q, false), s: q => proposed.length > 1 ? split(q) : undefined } });
}
el("more").addEventListener("click", trying(async () => {
  const page = await ask("dispatcher", "/queue?page_size=50&page_token=" + encodeURIComponent(next_page));
  next_page = page.next_page_token;
  el("more").hidden = !next_page;
  show_queue([...[...el("waiting").children].map(li => li.item).filter(Boolean), ...page.entries]);
}));
el("narrow").addEventListener("change", () => look_at_queue());
const claimed = async entry => { tell(t(`${entry.number} 已认领至 ${when(entry.claimed_until)}`, `${entry.number} is yours until ${when(entry.claimed_until)}`)); el("waiting").dataset.at = entry.number; await look_at_queue(); await read_ticket(entry); };
const take_next = trying(async () => claimed(await act("dispatcher", "/queue/next", {})));
const claim = trying(async q => claimed(await act("dispatcher", `/tickets/${q.number}/claim`, {})));
const release = trying(async q => { await act("dispatcher", `/tickets/${q.number}/release`, {}); tell(t("已放回", "given back")); await look_at_queue(); });
const read_ticket = trying(async q => {
  const [ticket, explained, history] = await Promise.all([ask("dispatcher", "/tickets/" + q.number), ask("dispatcher", `/tickets/${q.number}/explain`), ask("dispatcher", `/tickets/${q.number}/history`)]);
  reading = ticket; why = explained;
  proposed = q.reason === "SEVERAL" ? (await ask("dispatcher", `/tickets/${q.number}/split`)).parts : [];
  const checked = ticket.state === "CLOSE_REVIEW" ? await ask("dispatcher", `/tickets/${q.number}/reply/check`, {}) : null;
  el("ticket").replaceChildren(part("div", "card stack", ...outline(ticket), part("div", "row", file_button("dispatcher", q.number)), files("dispatcher", q.number)), todo(q, ticket, explained, checked), part("div", "card stack", part("h2", "", t("经过", "What happened")), steps(history.entries)));
});
function todo(q, ticket, explained, checked) {
  const box = part("div", "card stack");
  if (ticket.state === "RETURN_REVIEW") {
    box.append(part("h2", "", t("退单审核", "A return")), part("div", "row", button("main", "同意退单", "Return it", "A", () => decide(q, true)), button("bad", "驳回", "Deny it", "X", () => decide(q, false))),
      part("p", "quiet", t("同意退单须两人:一人初审,另一人终审。", "To let it go takes two people: one gives a first review, another decides.")),
      part("div", "row", button("", "初审: 同意", "First review: yes", "", () => first_review(q, true)), button("", "初审: 不同意", "First review: no", "", () => first_review(q, false))));
  } else if (ticket.state === "CLOSE_REVIEW") {
    box.append(part("h2", "", t("办结审核", "A result")), part("p", "said", ticket.result?.reply || ""), part("p", "quiet", ticket.result?.internal || ""), findings(checked),
      part("div", "row", button("main", "通过", "Accept", "A", () => decide(q, true)), button("bad", "退回重写", "To be written again", "X", () => decide(q, false))));
  } else if (ticket.state === "PENDING_DISPATCH") {
    if (ticket.verdict === "SUGGESTED") box.append(part("p", "note warn", t("疑似重复,请按 F8 先行判定。", "Perhaps a duplicate: decide that first (F8).")));
    if (proposed.length > 1) box.append(part("h2", "", t("拆单", "Split it")), ...proposed.map(p => part("p", "said", part("b", "", p.matter_name, " "), p.text, part("small", "", " → ", p.unit_name || t("人工分拨", "a person says")))),
      part("div", "row", button("main", "拆为各单", "Split", "S", () => split(q))));
    const unit = part("input", "");
    unit.id = "lead";
    unit.addEventListener("keydown", e => { if (e.key === "Enter" && unit.value.trim()) { e.preventDefault(); dispatch(q, { lead: code_of(unit) }); } });
    const label = part("label", "", t("派往其他单位(名称或代码,回车)", "another unit (name or code, then Enter)"));
    label.htmlFor = "lead";
    box.append(part("div", "row", part("h2", "", t("派往", "Send to")), part("span", "pill", t(explained.tier_zh, plain(explained.tier)))), part("p", "quiet", t(explained.reason_zh, explained.reason_en)),
      ...explained.candidates.map((c, n) => part("div", "stack", button(n ? "" : "main", c.unit_name, `${c.unit_name} ${c.unit}`, String(n + 1), () => send(q, n)), part("small", "", t(c.reason_zh, c.reason_en)))), part("div", "", label, unit));
    picker("dispatcher", unit, "units");
  } else {
    box.append(part("p", "quiet", t("此环节请在相应岗位处理。", "Somebody else has the next step here.")));
  }
  return box;
}
function findings(checked) {
  if (!checked?.findings.length) return part("p", "note good", t("答复检查未发现问题。", "Nothing is wrong with the reply by the rules."));
  return part("ul", "stack", ...checked.findings.map(f => part("li", "note " + (f.severity === "blocks" ? "bad" : "warn"), part("b", "", f.check, " "), t(f.zh, f.en), f.words ? part("small", "", " “", f.words, "”") : null)));
}
const left = async words => { tell(words); el("ticket").replaceChildren(); reading = null; await look_at_queue(); later_focus(el("waiting")); };
const dispatch = trying(async (q, to) => { await act("dispatcher", `/tickets/${q.number}/dispatch`, to); await left(t(`${q.number} 已派出`, `${q.number} is sent`)); });
// A number key means a unit that is shown: where another ticket stands beside the list, this one is shown first.
const send = trying(async (q, n) => {
  if (reading?.number !== q.number) return read_ticket(q);
  const c = why?.candidates[n];
  if (!c) return tell(t("没有这一候选单位", "there is no such candidate"), "bad");
  await dispatch(q, { lead: c.unit, as_suggested: n === 0, rule: "" });
});
// As it was proposed; another cut is made over the API.
const split = trying(async q => {
  if (reading?.number !== q.number) return read_ticket(q);
  const done = await act("dispatcher", `/tickets/${q.number}/split`, { parts: proposed.map(({ text, matter, area }) => ({ text, matter, area })) });
  await left(t(`${q.number} 已拆为 ${done.parts.map(p => p.number).join("、")}`, `${q.number} is split into ${done.parts.map(p => p.number).join(", ")}`));
});
const decide = trying(async (q, yes) => {
  if (reading?.number !== q.number) return read_ticket(q);
  if (reading.state === "RETURN_REVIEW") { await act("dispatcher", `/tickets/${q.number}/return/decide`, { approve: yes }); await left(yes ? t("已同意退单", "returned") : t("已驳回退单", "denied")); }
  if (reading.state === "CLOSE_REVIEW") {
    if (yes) await act("dispatcher", `/tickets/${q.number}/result/accept`, {});
    else { const note = prompt(t("请说明需补正之处", "What is to be written again?")); if (!note) return; await act("dispatcher", `/tickets/${q.number}/result/reject`, { findings: [], note }); }
    await left(yes ? t("已通过", "accepted") : t("已退回重写", "to be written again"));
  }
});
const first_review = trying(async (q, yes) => { await act("dispatcher", `/tickets/${q.number}/return/review`, { approve: yes }); await left(t("初审已记录", "the first review is kept")); });

begin(async () => {
  const keep_at = el("narrow").value || "all";
  el("narrow").replaceChildren(...[["all", "全部", "all"], ["unclaimed", "无人认领", "nobody's"], ["mine", "我认领的", "mine"], ["CRITICAL", "特急", "critical"], ["URGENT", "紧急", "urgent"]].map(([v, zh, en]) => Object.assign(part("option", "", t(zh, en)), { value: v, selected: v === keep_at })));
  await trying(look_at_the_clock)();
  const words = el("words").value;
  if (!words) fresh();
  // The telephone system opens the desk with the number of who calls: `/desk#phone=…`.
  for (const id of ["phone", "name", "words", "place"]) if (given[id]) el(id).value = given[id];
  show(TABS.includes(given.view) ? given.view : shown);
  focus_on(shown);
  if (given.phone) await look_up(); else if (el("words").value) await read_words();
  for (const id of ["phone", "name", "words", "place", "view"]) delete given[id];
  if (words) await read_words();
});
setInterval(() => { el("clock").textContent = when(new Date(now()).toISOString()); }, 1000);
// A queue that is looked at stays fresh; a row one is about to act on is not pulled away while one types.
setInterval(() => { if (!document.hidden && shown === "queue" && !reading && token("dispatcher")) { trying(look_at_the_clock)(); look_at_queue(); } }, 5000);
