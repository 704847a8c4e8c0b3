// A walk for a visitor: his own complaint goes its whole way, each step one call in the name of whoever acts.
// The fragment names who sits where: `units=CODE:signer:handler,…` for each unit that a complaint may go to.
if (given.units) sessionStorage.setItem("units", given.units);
if (given.doors) sessionStorage.setItem("doors", given.doors);
const UNITS = Object.fromEntries((sessionStorage.getItem("units") || "").split(",").filter(Boolean).map(u => { const [code, signer, handler] = u.split(":"); return [code, { signer, handler }]; }));
const WORDS = "望潮社区潮音路12号附近护栏损坏,倒在人行道上,已经三天了,请尽快处理。";
const LIKE = "您好,望潮社区潮音路12号附近的护栏损坏了,倒在人行道上,请尽快处理。";
const REPLY = "您好,我局已于当日派员到现场核查,更换了损坏的两节护栏并清理了人行道,现已恢复通行,12月5日前还将对全路段护栏巡查一遍,感谢您的监督。";
const mine = JSON.parse(sessionStorage.getItem("walk") || "{}");
const remember = more => { Object.assign(mine, more); sessionStorage.setItem("walk", JSON.stringify(mine)); };
const line = (...inside) => part("p", "", ...inside);
const good = (...inside) => part("p", "note good", ...inside), warn = (...inside) => part("p", "note warn", ...inside), bad = (...inside) => part("p", "note bad", ...inside);
const pause = ms => new Promise(r => setTimeout(r, ms));
const ticket_of = number => ask("agent", "/tickets/" + number);
async function until(number, holds, patience = 20) {
  let ticket;
  for (let n = 0; n < patience * 4; n += 1) { ticket = await ticket_of(number); if (holds(ticket)) return ticket; await pause(250); }
  return ticket;
}
const lead = ticket => ticket.tasks.findLast(k => k.role === "LEAD" && !/CANCELLED/.test(k.state));
// Who works at the unit; a unit of which this walk has nobody is said so.
function people(ticket) {
  const there = UNITS[lead(ticket)?.unit];
  if (!there) throw { detail: t(`该工单归 ${lead(ticket)?.unit_name || "人工分拨"};本演示没有那里的人。请用示例内容重来一遍。`, `It is with ${lead(ticket)?.unit_name || "a dispatcher"}, where this walk has nobody. Take the example's words and begin again.`) };
  hats.signer = there.signer; hats.handler = there.handler;
}
// A ticket on its way to a unit: by itself, or by people where the rules leave it to them.
async function sent(say, number) {
  const left = k => !/RECEIVED|PENDING_DISPATCH/.test(k.state);
  let ticket = await until(number, k => left(k) || k.verdict === "SUGGESTED", 8);
  if (!left(ticket) && ticket.verdict === "SUGGESTED") {
    await act("reviewer", `/tickets/${number}/distinct`, { other: "", reason: "经人工比对不是同一件事" });
    say(line(t("像另一件,审核员比对后判定不是同一件。", "It looks like another; a reviewer compared them and said that it is not.")));
    ticket = await until(number, left, 8);
  }
  if (left(ticket)) return ticket;
  const why = await ask("dispatcher", `/tickets/${number}/explain`), first = why.candidates[0];
  const to = first ? first.unit : Object.keys(UNITS)[0];
  say(warn(t(`由分拨员决定: ${why.reason_zh}。派往 ${first?.unit_name || to}。`, `A dispatcher decides: ${why.reason_en}. It goes to ${first?.unit_name || to}.`)));
  await act("dispatcher", `/tickets/${number}/dispatch`, { lead: to, as_suggested: Boolean(first), rule: "" });
  return until(number, left);
}
const facts = ticket => part("div", "row", part("b", "number", ticket.number), part("span", "pill act", t(ticket.state_zh, plain(ticket.state))), lead(ticket) ? part("span", "unit", lead(ticket).unit_name) : null, lead(ticket) ? due_pill("办理", "due", lead(ticket).handle_due) : null);
const caller = () => "199" + String(Math.floor(Math.random() * 1e8)).padStart(8, "0");
const result = reply => ({ finding: "TRUE", demand: "LAWFUL", outcome: "SOLVED", site_visit: "YES", reply_means: "PHONE", reply, internal: "", public: false });

const STEPS = [
  ["说一件事", "Say what is wrong", "像打 12345 那样说,写您自己的事也行。系统读出:什么事、在哪里、归谁、为什么。", "As on the phone, in your own words if you like. It is read: what, where, whose, and why.", [["words", "诉求", "words", WORDS, 3], ["place", "地点", "place", "望潮社区潮音路12号", 1]], "登记", "Register", async (say, f) => {
    const draft = await ask("agent", "/drafts/read", { text: f.words, place: f.place, reachable: true });
    const unit = await ask("agent", "/drafts/unit", { matter: draft.matter, area: draft.area, text: f.words });
    say(line(t("识别: ", "read: "), [draft.matter_name || t("事项未识别", "matter unknown"), draft.area_name || t("地点未识别", "place unknown")].join(" · ")), line(unit.candidates[0]?.unit_name || "", part("small", "", " ", t(unit.reason_zh, unit.reason_en))));
    const phone = caller();
    const made = await act("agent", "/tickets", { text: f.words, place: f.place, title: draft.title, name: "来访者", phone });
    remember({ number: made.number, link: made.progress || mine.link, phone, place: f.place });
    const ticket = await sent(say, made.number);
    const now_with = ticket.master ? await ticket_of(ticket.master) : ticket;
    if (ticket.master) { remember({ number: ticket.master }); say(warn(t(`与 ${ticket.master} 是同一件事,已并案;下面随它办理。`, `It is the same as ${ticket.master} and follows it; the walk goes on with that one.`))); }
    say(facts(now_with), good(t("工单号已可告知;到期时间已定,谁办、为何都写明。", "The number can be read out; who must act, why and by when are known.")));
  }],
  ["邻居也说了", "A neighbour says it too", "另一个号码,另一种说法。系统指出可能是同一件事,并说明理由。", "Another number, other words. The suite says what it could be, and why.", [["words", "诉求", "words", LIKE, 2]], "看看像谁", "What is it like?", async (say, f) => {
    const draft = await ask("agent", "/drafts/read", { text: f.words, place: mine.place || "", reachable: true });
    const judged = await ask("agent", "/drafts/judge", { text: f.words, area: draft.area, matter: draft.matter, phone: caller() });
    if (!judged.candidates.length) return say(warn(t("没有相像的。", "Nothing is like it.")));
    for (const c of judged.candidates.slice(0, 2)) say(part("div", "card stack", part("div", "row", part("b", "number", c.number), part("span", "big end", Math.round(c.score * 100) + " %")), part("p", "said", c.text), ...c.reasons.map(r => part("small", "", (r.adds > 0 ? "+" : "−") + " ", t(r.zh, r.en)))));
  }],
  ["单位签收、联系", "The unit signs and calls", "签收即负责。看号码要写理由,每看一次留一次痕。", "Who signs answers for it. The number is shown for a reason, and every look is kept.", [["reason", "查看号码的理由", "why", "先行联系,核实地点", 1]], "签收并联系", "Sign and call", async (say, f) => {
    const ticket = await ticket_of(mine.number);
    people(ticket);
    if (lead(ticket).state === "T_PENDING_SIGN") await act("signer", `/tickets/${mine.number}/sign`, {});
    const who = await act("handler", `/tickets/${mine.number}/reveal`, { reason: f.reason });
    say(line(t("致电 ", "calling "), who.name, " ", part("b", "number", who.phone)));
    await act("handler", `/tickets/${mine.number}/contact`, { outcome: "REACHED", text: "已核实地点" });
    say(facts(await ticket_of(mine.number)), good(t("已签收、已联系。", "Signed, and the citizen was called.")));
  }],
  ["空的答复不收", "An empty reply is refused", "空的被拒;敷衍的会被指出;写清做了什么的才送审。", "An empty one is refused, a thin one found out; one that says what was done goes to review.", [["reply", "答复", "reply", REPLY, 4]], "依次提交三种答复", "Try all three", async (say, f) => {
    people(await ticket_of(mine.number));
    const path = `/tickets/${mine.number}/`;
    try { await act("handler", path + "result", result("")); } catch (problem) { say(bad(t("空答复: ", "empty: "), problem.detail)); }
    const thin = await ask("handler", path + "reply/check", { reply: "已处理。" });
    for (const x of thin.findings) say(warn("“已处理。” ", part("b", "", x.check, " "), t(x.zh, x.en)));
    const checked = await ask("handler", path + "reply/check", { reply: f.reply });
    say(checked.findings.length ? warn(checked.findings.map(x => t(x.zh, x.en)).join(" ")) : good(t("您的答复: 没有问题。", "Your reply: nothing against it.")));
    // Where others assist, only the lead answers, and only once no part is open.
    for (const k of (await ticket_of(mine.number)).tasks.filter(k => k.role === "ASSIST" && !/CANCELLED|ACCEPTED/.test(k.state))) {
      await act("handler", path + "part", { unit: k.unit, decision: "RELEASE", rating: 0, reason: "现场由主办单位一并处置完毕" });
      say(line(t(`协办单位 ${k.unit_name} 不再需要,已解除。`, `${k.unit_name} was to assist; the lead lets it go.`)));
    }
    await act("handler", path + "result", result(f.reply));
    // Most are let pass by rule; a share is read by a person.
    const handed_in = await until(mine.number, k => !/HANDLING|REDO|CLOSE_REVIEW/.test(k.state), 4);
    if (handed_in.state === "CLOSE_REVIEW") {
      try { await act("dispatcher", path + "result/accept", {}); say(line(t("审核员看过并通过。", "A dispatcher read it and let it pass."))); } catch (problem) { if (problem.status !== 409) throw problem; }
    }
    const ticket = await until(mine.number, k => k.state === "PENDING_CALLBACK");
    say(facts(ticket), part("p", "said", ticket.reply || ""));
  }],
  ["“没解决”", "“It is not solved”", "诉求人在自己的页面上说没解决,工单回到同一单位重办。", "The citizen says so on their page, and it goes back to the same unit.", [], "不满意", "Not satisfied", async say => {
    const link = mine.link;
    if (!link) throw { detail: t("该工单的进度页链接已在登记时给出;请从第 1 步重新登记一件。", "The link was handed out before; register one anew in step 1.") };
    const answer = await fetch(link, { method: "POST", body: new URLSearchParams({ solved: 3, satisfied: 5, comment: "护栏又倒了" }) });
    if (!answer.ok) throw { detail: t("目前不能评价", "it cannot be rated at the moment") + ` (${answer.status})` };
    const ticket = await until(mine.number, k => /REDO/.test(k.state));
    say(facts(ticket), good(t("已回到单位重办,轮次 ", "Back at the unit, round "), String(ticket.redo_round)), Object.assign(part("a", "", t("看看诉求人的页面", "the citizen's page")), { href: link, target: "_blank", rel: "noopener" }));
  }],
  ["一阵子都在说同一件事", "Everybody calls about one thing", "二十个号码同时报同一件事:并成一件办、人人有答复;并错的一件可以撤出来。", "Twenty numbers report one thing at once: handled once, everybody answered. One that does not belong is taken out again.", [], "一起来电", "All at once", async say => {
    const house = 20 + 2 * Math.floor(Math.random() * 200), text = `望潮社区潮音路${house}号附近护栏损坏,已经两天了,请尽快处理。`;
    const made = await Promise.all(Array.from({ length: 20 }, (_, n) => act("agent", "/tickets", { text, name: `来电${n + 1}`, phone: caller() })));
    for (const m of made) await until(m.number, k => !/RECEIVED|PENDING_DISPATCH/.test(k.state), 10);
    const tickets = await Promise.all(made.map(m => ticket_of(m.number)));
    const members = tickets.filter(k => k.master);
    say(good(t(`20 件:单位收到 ${20 - members.length} 件,并案 ${members.length} 件。`, `20 tickets: the unit has ${20 - members.length}, ${members.length} follow.`)));
    if (!members.length) return;
    const out = members[0];
    await act("reviewer", `/tickets/${out.number}/unmerge`, { reason: "是另一处护栏" });
    const alone = await until(out.number, k => !k.master);
    say(line(t("撤出一件: ", "Taken out again: ")), facts(alone));
  }],
  ["杀掉一个进程", "Kill a process", "在另一个终端执行 make show 打印的 kill 命令,再按下面的键:登记二十件,逐件核对。", "Run the kill command that `make show` printed in another terminal, then press: twenty are registered and each is looked up.", [], "登记并核对", "Register and look up", async say => {
    const made = [];
    for (let n = 0; n < 20; n += 1) {
      const body = { text: `望潮社区潮音路${400 + n * 14}号附近护栏损坏,请尽快处理。`, name: "", phone: caller(), request_id: random() };
      for (let tries = 0; ; tries += 1) {
        // The same request again after a crash: never two tickets.
        try { made.push((await ask("agent", "/tickets", body)).number); break; } catch (problem) { if (tries > 40 || (problem.status && problem.status !== 503)) throw problem; await pause(500); }
      }
    }
    let done = 0;
    for (const number of made) { const k = await until(number, x => !/RECEIVED|PENDING_DISPATCH/.test(x.state) || x.verdict === "SUGGESTED", 40); done += /RECEIVED/.test(k.state) ? 0 : 1; }
    say(good(t(`登记 ${made.length} 件,不同编号 ${new Set(made).size} 个,都找得到并已继续办理 ${done} 件。`, `${made.length} registered, ${new Set(made).size} numbers, all found; ${done} went on.`)));
  }],
  ["一张工单的来龙去脉", "The ticket's file", "每一步:谁、何时、为何。可以打印。", "Every step: who, when, why. It can be printed.", [], "打开", "Open it", async say => {
    say(facts(await ticket_of(mine.number)), ...framed(await case_file("agent", mine.number, t("演示: 打印档案", "the walk: to print the file"))));
  }],
];

function step([zh, en, about_zh, about_en, fields, act_zh, act_en, run], n) {
  const news = part("div", "stack"), inputs = {};
  news.setAttribute("aria-live", "polite");
  const form = part("form", "card stack", part("h2", "", `${n + 1} · `, t(zh, en)), line(t(about_zh, about_en)), ...fields.map(([name, fzh, fen, value, rows]) => {
    const input = rows > 1 ? Object.assign(part("textarea", ""), { rows }) : part("input", "");
    input.value = value;
    input.id = `f${n}-${name}`;
    inputs[name] = input;
    return part("div", "", Object.assign(part("label", "", t(fzh, fen)), { htmlFor: input.id }), input);
  }), part("div", "row", Object.assign(part("button", "main", t(act_zh, act_en)), { type: "submit" })), news);
  form.addEventListener("submit", async e => {
    e.preventDefault();
    const press = form.querySelector("button.main");
    press.disabled = true;
    news.replaceChildren();
    delete form.dataset.done;
    try {
      if ((n > 1 && n < 5 || n === 7) && !mine.number) throw { detail: t("请先登记一件(第 1 步)。", "Register something first (step 1).") };
      await run((...what) => news.append(...what.filter(Boolean)), Object.fromEntries(Object.entries(inputs).map(([k, i]) => [k, i.value.trim()])));
      tell(t(`第 ${n + 1} 步完成`, `step ${n + 1} is done`));
      form.dataset.done = "yes";
    } catch (problem) { news.append(bad(problem.detail || String(problem))); refuse(problem); form.dataset.done = "refused"; }
    press.disabled = false;
  });
  return part("li", "", form);
}
begin(async () => {
  await trying(look_at_the_clock)();
  const door = (zh, en, to) => Object.assign(part("a", "", t(zh, en)), { href: to, target: "_blank", rel: "noopener" });
  el("doors").replaceChildren(door("话务台", "the hall's desk", "/desk#" + HATS.filter(h => hats[h]).map(h => `${h}=${hats[h]}`).join("&")), ...Object.entries(UNITS).slice(0, 1).map(([code, u]) => door(`办理(${code})`, `handlers (${code})`, `/work#signer=${u.signer}&handler=${u.handler}`)), door("实时看板", "live", "/live"));
  el("walk").replaceChildren(...STEPS.map(step));
  document.body.dataset.ready = "yes";
});
