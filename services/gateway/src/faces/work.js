// The handler's page for a phone: what is due first, and the one next step of each ticket.
const WHICH = [["", "全部", "all"], ["T_PENDING_SIGN", "待签收", "to sign"], ["T_SIGNED", "待联系", "to call"], ["T_CONTACTED", "待答复", "to answer"], ["T_REJECTED_BY_LEAD", "退回补正", "to redo"]];
let entries = [], next_page = "", which = "", open_number = "";

// --- The inbox --------------------------------------------------------------------------------------------------
const next_due = e => ({ T_PENDING_SIGN: ["签收", "sign", e.sign_due], T_SIGNED: e.contact_due ? ["联系", "call", e.contact_due] : ["办理", "due", e.handle_due] })[e.task_state] || ["办理", "due", e.handle_due];
const look = trying(async (more = false) => {
  const page = await ask("handler", "/inbox?page_size=50" + (which ? "&state=" + which : "") + (more ? "&page_token=" + encodeURIComponent(next_page) : ""));
  entries = more ? [...entries, ...page.entries] : page.entries;
  next_page = page.next_page_token;
  el("more").hidden = !next_page;
  walk(el("tasks"), entries, e => {
    const [zh, en, due] = next_due(e);
    return part("li", tone(due), part("b", "two", e.title || e.number),
      part("div", "row", due_pill(zh, en, due), part("span", "pill act", word("task_state", e.task_state)), urgency_pill(e.urgency),
        e.role !== "LEAD" ? part("span", "pill", word("task_role", e.role)) : null, e.members ? part("span", "pill", t(`并案 ${e.members}`, `${e.members} merged`)) : null,
        e.urges ? part("span", "pill warn", t(`催办 ${e.urges}`, `urged ${e.urges}×`)) : null, e.redo_round ? part("span", "pill bad", t(`重办 ${e.redo_round}`, `redo ${e.redo_round}`)) : null),
      part("small", "number", e.number));
  }, { open: e => open_ticket(e.number), none: t("没有任务", "nothing to do") });
  const waiting = entries.filter(e => e.task_state === "T_PENDING_SIGN");
  el("bottom").hidden = !waiting.length || open_number !== "";
  el("bottom").replaceChildren(button("main", `全部签收(${waiting.length})`, `Sign all (${waiting.length})`, "", () => sign_all(waiting)));
  document.body.dataset.ready = "yes";
});
const sign_all = trying(async waiting => {
  const all = await act("signer", "/bulk/sign", { tickets: waiting.map(e => e.number).slice(0, 500) });
  const first = all.results.find(r => r.problem);
  tell(t(`已签收 ${all.done} 件`, `${all.done} signed`) + (first ? t(`,${all.refused} 件未成: `, `; ${all.refused} refused: `) + first.problem.detail : ""), first ? "bad" : "good");
  await look();
});
el("more").addEventListener("click", () => look(true));
function choose() {
  el("which").replaceChildren(...WHICH.map(([state, zh, en]) => {
    const radio = Object.assign(part("input", ""), { type: "radio", name: "which", value: state, checked: state === which });
    radio.addEventListener("change", () => { which = state; look(); });
    return part("label", "", radio, t(zh, en));
  }));
}

// --- One ticket -------------------------------------------------------------------------------------------------
function inbox() {
  open_number = "";
  el("ticket").hidden = true; el("inbox").hidden = false; el("back").hidden = true;
  history.replaceState(null, "", location.pathname);
  look().then(() => el("tasks").querySelector("li[tabindex='0']")?.focus());
}
el("back").addEventListener("click", inbox);
const open_ticket = trying(async number => {
  const [ticket, log] = await Promise.all([ask("handler", "/tickets/" + number), ask("handler", `/tickets/${number}/history`)]);
  open_number = number;
  const mine = entries.find(e => e.number === number);
  const task = { state: mine?.task_state || ticket.tasks.findLast(k => !/CANCELLED/.test(k.state))?.state || "", role: mine?.role || "LEAD" };
  el("inbox").hidden = true; el("bottom").hidden = true; el("back").hidden = false; el("ticket").hidden = false;
  const clocks = ticket.clocks.filter(c => c.due && /SIGN|CONTACT|HANDLE|REDO/i.test(c.timer)).map(c => due_pill(c.zh, plain(c.timer), c.due));
  el("ticket").replaceChildren(
    part("div", "card stack",
      part("div", "row", part("span", "number quiet", ticket.number), urgency_pill(ticket.urgency), part("span", "pill act", t(ticket.state_zh, plain(ticket.state)))),
      heading(ticket.title || ticket.number), part("div", "row", ...clocks), part("p", "said", ticket.words.join("\n")),
      part("dl", "", part("dt", "", t("地点", "place")), part("dd", "", [ticket.area_name, ticket.place].filter(Boolean).join(" · ") || "–"), part("dt", "", t("事项", "matter")), part("dd", "", ticket.matter_name || "–"), ...(ticket.members ? [part("dt", "", t("并案", "merged")), part("dd", "", t(`另有 ${ticket.members} 位诉求人等同一答复`, `${ticket.members} more wait for the same answer`))] : []))),
    part("div", "card", files("handler", number, { add: !/T_SUBMITTED|T_ACCEPTED/.test(task.state) })),
    track(task.state), joint(ticket, task), step(ticket, task), aside(ticket, task),
    part("details", "card", part("summary", "", t("办理经过", "What happened")), steps(log.entries), part("div", "row", file_button("handler", number))));
  el("ticket").querySelector("h2").focus();
  window.scrollTo(0, 0);
  document.body.dataset.ready = "yes";
});
function heading(words) { const h = part("h2", "", words); h.tabIndex = -1; return h; }
function track(state) {
  const at = { T_PENDING_SIGN: 0, T_SIGNED: 1, T_CONTACTED: 2, T_REJECTED_BY_LEAD: 2, T_SUBMITTED: 3, T_RETURN_REQUESTED: 3, T_ACCEPTED: 4 }[state] ?? 0;
  return part("ol", "track", ...[["签收", "sign"], ["联系", "call"], ["答复", "answer"], ["审核", "review"]].map(([zh, en], n) => { const li = part("li", n < at ? "done" : n === at ? "here" : "", t(zh, en)); if (n === at) li.setAttribute("aria-current", "step"); return li; }));
}
const then = (number, words) => { tell(words); return look().then(() => open_ticket(number)); };
// The one step that is next.
function step(ticket, task) {
  const box = part("div", "card stack");
  const n = ticket.number;
  if (task.state === "T_PENDING_SIGN") {
    box.append(part("h2", "", t("请签收", "Sign it")), part("p", "quiet", t("签收后由本单位负责,并开始计时。", "From then on it is ours, and its clock runs.")),
      button("main", "签收", "Sign", "", trying(async () => { await act("signer", `/tickets/${n}/sign`, {}); await then(n, t("已签收", "signed")); })));
  } else if (/T_SIGNED|T_CONTACTED|T_REJECTED_BY_LEAD/.test(task.state)) {
    if (task.state === "T_SIGNED") box.append(...contact(ticket), part("details", "", part("summary", "", t("直接填写办理结果", "Go on to the result")), part("div", "stack", ...result(ticket))));
    else box.append(...result(ticket));
  } else {
    box.append(part("p", "note good", ({ T_SUBMITTED: t("结果已提交,等待审核。", "The result waits for its review."), T_RETURN_REQUESTED: t("已申请退单,等待审核;紧急事项请继续处置。", "A return is asked for; urgent work goes on meanwhile."), T_ACCEPTED: t("已办结。", "Done.") })[task.state] || t("目前无需处理。", "Nothing to do at the moment.")));
    if (ticket.result) box.append(part("h3", "", t("公开答复", "Reply")), part("p", "said", ticket.result.reply));
  }
  return box;
}
const labelled = (id, zh, en, field) => { const l = part("label", "", t(zh, en)); l.htmlFor = field.id = id; return part("div", "", l, field); };
function choices(id, zh, en, list, chosen) {
  const set = part("fieldset", "", part("legend", "", t(zh, en)), part("div", "choices", ...list.map(v => part("label", "", Object.assign(part("input", ""), { type: "radio", name: id, value: v.code, required: true, checked: v.code === chosen }), word(id, v.code)))));
  set.id = id;
  set.value = () => set.querySelector(":checked")?.value || "";
  return set;
}
// 先行联系: who it is, for a reason that is kept; then how the call went.
function contact(ticket) {
  const who = part("p", "note good"), why = part("input", ""), said = part("textarea", ""), how = choices("contact", "联系结果", "How it went", LISTS.contact, "REACHED");
  who.hidden = true;
  why.maxLength = 500;
  why.value = t("先行联系,核实情况", "first contact: to ask about the facts");
  said.rows = 2;
  const reveal = trying(async () => {
    const person = await act("handler", `/tickets/${ticket.number}/reveal`, { reason: why.value });
    const call = Object.assign(part("a", "big number", person.phone), { href: "tel:" + person.phone });
    who.replaceChildren(person.name || t("未留姓名", "no name"), " ", person.phone ? call : t("未留号码", "no number"));
    who.hidden = false;
  });
  const done = trying(async () => { await act("handler", `/tickets/${ticket.number}/contact`, { outcome: how.value(), text: said.value }); await then(ticket.number, t("已记录联系情况", "the contact is kept")); });
  return [part("h2", "", t("先行联系", "Call the citizen")),
    ticket.reachable ? labelled("why", "查看号码的理由(留痕)", "Why you look at the number (it is kept)", why) : part("p", "note warn", t("诉求人未留号码或不愿联系,请据实登记。", "The citizen left no number or does not want a call: say so below.")),
    ticket.reachable ? button("", "查看姓名与号码", "Show name and number", "", reveal) : null, who, how, labelled("contact-note", "联系情况(内部)", "What was said (for the house)", said), button("main", "登记联系", "Keep the contact", "", done)].filter(Boolean);
}
// The result, by the fields of D§5.4; its reply is looked at by the rules before it is sent.
function result(ticket) {
  const r = ticket.result || {};
  const fit = LISTS.finding.filter(f => !ticket.kind || f.kinds.includes(ticket.kind));
  const finding = choices("finding", "事实认定", "What was found", fit, r.finding), demand = choices("demand", "诉求认定", "The demand", LISTS.demand, r.demand || "LAWFUL"), outcome = choices("outcome", "处理结果", "Outcome", LISTS.outcome, r.outcome),
    site = choices("site_visit", "现场查看", "Seen on site", LISTS.site_visit, r.site_visit), means = choices("reply_means", "答复方式", "Answered by", LISTS.reply_means, r.reply_means || "PHONE");
  const because = part("textarea", ""), reply = part("textarea", ""), internal = part("textarea", ""), open = Object.assign(part("input", ""), { type: "checkbox", id: "public", checked: r.public ?? false });
  because.rows = internal.rows = 2; reply.rows = 6;
  because.value = r.finding_because || ""; reply.value = r.reply || ""; internal.value = r.internal || "";
  const why = labelled("because", "认定说明(必填,不能只重复选项)", "Why (required; more than the option's word)", because);
  const explains = () => { why.hidden = !LISTS.finding.find(f => f.code === finding.value())?.because; };
  finding.addEventListener("change", explains);
  const found = part("div", "stack");
  found.setAttribute("aria-live", "polite");
  const error = part("p", "error");
  const body = () => ({ finding: finding.value(), finding_because: why.hidden ? "" : because.value, demand: demand.value(), outcome: outcome.value(), site_visit: site.value(), reply_means: means.value(), reply: reply.value, internal: internal.value, public: open.checked });
  const hand_in = trying(async () => {
    try { await act("handler", `/tickets/${ticket.number}/result`, body()); } catch (problem) { wrong(problem); throw problem; }
    await then(ticket.number, t("已提交,等待审核", "handed in; it waits for its review"));
  });
  const wrong = problem => {
    const fields = (problem.fields || []).map(f => f.field);
    error.textContent = problem.detail;
    for (const [name, e] of [["reply", reply], ["finding_because", because], ["internal", internal]]) e.setAttribute("aria-invalid", String(fields.includes(name)));
    const first = ["finding", "outcome", "site_visit", "demand", "reply_means"].find(name => fields.includes(name));
    (fields.includes("reply") ? reply : fields.includes("finding_because") ? because : first ? document.querySelector(`#${first} input`) : error).focus?.();
  };
  const check = trying(async () => {
    error.textContent = "";
    found.replaceChildren();
    const told = reply.value.trim() ? await ask("handler", `/tickets/${ticket.number}/reply/check`, { reply: reply.value }) : { findings: [] };
    if (!told.findings.length) return hand_in();
    found.replaceChildren(part("h3", "", t("提交前请再看一眼", "Look at it once more before it goes")), ...told.findings.map(f => part("p", "note " + (f.severity === "blocks" ? "bad" : "warn"), part("b", "", f.check, " "), t(f.zh, f.en), f.words ? part("small", "", " “", f.words, "”") : null)),
      button("", "仍然提交", "Hand it in as it is", "", hand_in));
    reply.focus();
  });
  explains();
  const public_label = part("label", "", open, " ", t("可以公开", "may be published"));
  public_label.htmlFor = "public";
  return [part("h2", "", t("办理结果", "The result")), finding, why, demand, outcome, site, means,
    labelled("reply", "公开答复(诉求人看到的内容)", "Reply (what the citizen reads)", reply), part("p", "quiet", t("现场照片在上方“照片与文件”中添加。", "Photographs of the site are added above, under “Photographs and documents”.")), labelled("internal", "办理情况(仅内部)", "What was done (for the house)", internal), public_label, found, error, button("main", "检查并提交", "Check and hand in", "", check)];
}
// 协同: the lead says of each assisting unit's part whether it is good; only then may it answer.
function joint(ticket, task) {
  const others = task.role === "LEAD" ? ticket.tasks.filter(k => k.role === "ASSIST" && !/CANCELLED/.test(k.state)) : [];
  if (!others.length) return "";
  const says = (unit, decision, rating, reason) => trying(async () => {
    const why = reason && prompt(t(reason[0], reason[1]));
    if (reason && !why) return;
    await act("handler", `/tickets/${ticket.number}/part`, { unit, decision, rating, reason: why || "" });
    await then(ticket.number, t("已记录", "kept"));
  });
  return part("div", "card stack", part("h2", "", t("协办单位", "Assisting units")), ...others.map(k => part("div", "stack",
    part("div", "row", part("b", "", k.unit_name || k.unit), part("span", "pill act", word("task_state", k.state)), due_pill("办理", "due", k.handle_due)),
    /ACCEPTED/.test(k.state) ? null : part("div", "row", ...(k.state === "T_SUBMITTED" ? [button("main", "验收", "Accept", "", says(k.unit, "ACCEPT", 5)), button("bad", "退回", "Reject", "", says(k.unit, "REJECT", 0, ["请说明需补正之处", "What is to be done again?"]))] : []),
      button("", "不再需要", "Release", "", says(k.unit, "RELEASE", 0, ["为何不再需要其协办?", "Why is it not needed any more?"]))))));
}
// Not ours: by a reason code, with proof, and with whose it is instead.
function aside(ticket, task) {
  if (!/T_PENDING_SIGN|T_SIGNED|T_CONTACTED/.test(task.state)) return "";
  if (ticket.return_lock && ticket.return_lock !== "NONE") return part("p", "note warn", t("退单已锁定,不能再退。", "It may not be returned any more."));
  const reason = part("select", "", ...LISTS.return.map(v => Object.assign(part("option", "", `${v.code} `, word("return", v.code)), { value: v.code }))), proof = part("textarea", ""), unit = part("input", "");
  reason.value = "22";
  proof.rows = 3;
  const whose = labelled("whose", "应由哪个单位办理(名称或代码)", "Whose it is (unit's name or code)", unit);
  picker("handler", unit, "units");
  reason.addEventListener("change", () => { whose.hidden = !/2[23]/.test(reason.value); });
  const send = trying(async () => { await act("signer", `/tickets/${ticket.number}/return`, { reason: reason.value, evidence: proof.value, suggested_unit: whose.hidden ? "" : code_of(unit) }); await then(ticket.number, t("已申请退单", "a return is asked for")); });
  return part("details", "card", part("summary", "", t("不属于本单位?申请退单", "Not ours? Ask to return it")), part("div", "stack", labelled("return-reason", "退单理由", "Reason", reason), whose, labelled("proof", "依据", "Proof, in words", proof), button("bad", "申请退单", "Ask to return it", "", send)));
}

document.addEventListener("keydown", e => { if (e.key === "Escape" && open_number && !document.querySelector("dialog")) inbox(); });
begin(async () => {
  await trying(look_at_the_clock)();
  choose();
  await look();
  const at = given.ticket || open_number;
  delete given.ticket;
  if (at) await open_ticket(at); else el("tasks").querySelector("li[tabindex='0']")?.focus();
});
setInterval(() => { if (!document.hidden && !open_number && Object.keys(hats).length) { trying(look_at_the_clock)(); look(); } }, 15000);
