//! Closed lists of the field, with the codes of D§3–6 and the words to show.
//!
//! Every list has a code for data, a number for the wire, and a Chinese name for people.

/// A closed list of codes: an enum with a code for data, a word to show and a number for the wire, that reads and
/// writes its code. Used by every crate that has such a list; each needs `serde`.
#[macro_export]
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $num:literal, $code:literal, $zh:literal;)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        pub enum $name {
            $(#[doc = $zh] $(#[$vdoc])* #[serde(rename = $code)] $variant = $num,)+
        }

        impl $name {
            /// Every value, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code used in data and on the wire.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
            /// The word to show (D§2).
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }
            /// The number on the wire; 0 is never used, it means "not said" there.
            #[must_use]
            pub const fn number(self) -> i32 {
                self as i32
            }
            /// The value with this number on the wire.
            #[must_use]
            pub const fn from_number(n: i32) -> Option<Self> {
                match n { $($num => Some(Self::$variant),)+ _ => None }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::Malformed;
            fn from_str(s: &str) -> Result<Self, $crate::Malformed> {
                match s {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::Malformed::new($what, concat!("must be one of", $(" ", $code),+))),
                }
            }
        }
    };
}

codes! {
    /// Who acts (D§3).
    Role, "role" {
        Agent = 1, "AGENT", "坐席";
        IntakeBot = 2, "INTAKE_BOT", "渠道网关";
        Dispatcher = 3, "DISPATCHER", "分拨员";
        MergeReviewer = 4, "MERGE_REVIEWER", "并案审核";
        UnitSigner = 5, "UNIT_SIGNER", "承办单位值班员";
        UnitHandler = 6, "UNIT_HANDLER", "经办人";
        UnitLead = 7, "UNIT_LEAD", "分管负责人";
        Arbiter = 8, "ARBITER", "分拨争议裁定";
        Supervisor = 9, "SUPERVISOR", "督办员";
        Verifier = 10, "VERIFIER", "网格员";
        Callback = 11, "CALLBACK", "回访员";
        CallbackBot = 12, "CALLBACK_BOT", "智能外呼";
        Qa = 13, "QA", "质检员";
        KpiAdmin = 14, "KPI_ADMIN", "考核管理员";
        Analyst = 15, "ANALYST", "数据分析";
        Leader = 16, "LEADER", "领导";
        Citizen = 17, "CITIZEN", "诉求人";
        SysAdmin = 18, "SYS_ADMIN", "系统管理员";
        SecAdmin = 19, "SEC_ADMIN", "安全管理员";
        Auditor = 20, "AUDITOR", "审计管理员";
        /// A timer or a rule of the suite itself (SYS in D§6.2).
        System = 21, "SYS", "系统";
    }
}

codes! {
    /// Where a ticket stands (D§6.1).
    State, "state" {
        Received = 1, "RECEIVED", "待受理";
        NeedInfo = 2, "NEED_INFO", "待补充";
        Rejected = 3, "REJECTED", "不予受理";
        TransferredOut = 4, "TRANSFERRED_OUT", "已转其他热线";
        Answered = 5, "ANSWERED", "直接办结";
        PendingDispatch = 6, "PENDING_DISPATCH", "待分拨";
        MergedMember = 7, "MERGED_MEMBER", "已并案";
        PendingSign = 8, "PENDING_SIGN", "待签收";
        Handling = 9, "HANDLING", "办理中";
        ReturnReview = 10, "RETURN_REVIEW", "退单审核中";
        InDispute = 11, "IN_DISPUTE", "争议裁定中";
        Suspended = 12, "SUSPENDED", "挂起";
        Consolidating = 13, "CONSOLIDATING", "待主办汇总";
        CloseReview = 14, "CLOSE_REVIEW", "办结审核中";
        PendingVerify = 15, "PENDING_VERIFY", "待网格核查";
        PendingCallback = 16, "PENDING_CALLBACK", "待回访";
        Redo = 17, "REDO", "重办中";
        SupervisedRedo = 18, "SUPERVISED_REDO", "督办重办";
        Closed = 19, "CLOSED", "已结案";
        Archived = 20, "ARCHIVED", "已归档";
        Cancelled = 21, "CANCELLED", "已撤回";
        ReturnedUpstream = 22, "RETURNED_UPSTREAM", "已退上级";
    }
}

impl State {
    /// No event leads out of it (D§6.2, below the table).
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Archived | Self::Cancelled | Self::TransferredOut)
    }
    /// "Any non-terminal" of D§6.2: terminal states are left out, and so are those whose exits are named one by one.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !self.is_terminal() && !matches!(self, Self::Answered | Self::Rejected | Self::Closed | Self::ReturnedUpstream)
    }
}

codes! {
    /// Where one unit's task stands (D§6.1).
    TaskState, "task state" {
        PendingSign = 1, "T_PENDING_SIGN", "待签收";
        Signed = 2, "T_SIGNED", "已签收";
        Contacted = 3, "T_CONTACTED", "已联系";
        Submitted = 4, "T_SUBMITTED", "已提交";
        Accepted = 5, "T_ACCEPTED", "已办结";
        ReturnRequested = 6, "T_RETURN_REQUESTED", "申请退单";
        RejectedByLead = 7, "T_REJECTED_BY_LEAD", "主办退回";
        Cancelled = 8, "T_CANCELLED", "已取消";
    }
}

codes! {
    /// What the citizen wants (诉求类型, D§5.1).
    Kind, "type" {
        Consult = 1, "CONSULT", "咨询";
        Help = 2, "HELP", "求助";
        Complaint = 3, "COMPLAINT", "投诉";
        Report = 4, "REPORT", "举报";
        Suggestion = 5, "SUGGESTION", "建议";
        Praise = 6, "PRAISE", "表扬";
        Other = 7, "OTHER", "其他";
    }
}

codes! {
    /// How urgent (紧急程度, D§5.2). Ordered: later is more urgent.
    Urgency, "urgency" {
        Normal = 1, "NORMAL", "一般";
        Urgent = 2, "URGENT", "紧急";
        Critical = 3, "CRITICAL", "特急";
    }
}

impl Urgency {
    /// CRITICAL and URGENT do not wait for a verdict (F11).
    #[must_use]
    pub const fn is_pressing(self) -> bool {
        matches!(self, Self::Urgent | Self::Critical)
    }
}

codes! {
    /// By which way it came (D§4).
    Channel, "channel" {
        Phone12345 = 1, "PHONE_12345", "12345电话";
        WechatMp = 2, "WECHAT_MP", "公众号";
        WechatMini = 3, "WECHAT_MINI", "小程序";
        AppIsz = 4, "APP_ISZ", "i深圳";
        AppDistrict = 5, "APP_DISTRICT", "i福田";
        Web = 6, "WEB", "网站";
        Sms = 7, "SMS", "短信";
        Email = 8, "EMAIL", "电子邮件";
        Mailbox = 9, "MAILBOX", "领导信箱";
        LeaderBoard = 10, "LEADER_BOARD", "领导留言板";
        GovPlatform = 11, "GOV_PLATFORM", "国家政务服务平台";
        UpperDispatch = 12, "UPPER_DISPATCH", "上级派发";
        Window = 13, "WINDOW", "办不成事窗口";
        Grid = 14, "GRID", "网格上报";
        DigitalCity = 15, "DIGITAL_CITY", "数字城管";
        Police110 = 16, "POLICE_110", "110转办";
        Media = 17, "MEDIA", "媒体";
        NetworkClue = 18, "NETWORK_CLUE", "网络线索";
        RpaImport = 19, "RPA_IMPORT", "RPA采集";
        NpcCppcc = 20, "NPC_CPPCC", "代表委员";
        VideoAi = 21, "VIDEO_AI", "视频监控";
    }
}

codes! {
    /// How a ticket is handled (办理方式, D§7).
    Mode, "mode" {
        General = 1, "GENERAL", "一般办理";
        Joint = 2, "JOINT", "协同办理";
        Citizen = 3, "CITIZEN", "群众参与";
    }
}

codes! {
    /// How a dispatch came about (D§10.3).
    Tier, "tier" {
        Auto = 1, "AUTO", "自动分拨";
        Assisted = 2, "ASSISTED", "智能分拨";
        Manual = 3, "MANUAL", "人工分拨";
    }
}

codes! {
    /// A unit's place in a ticket.
    TaskRole, "task role" {
        Lead = 1, "LEAD", "主办";
        Assist = 2, "ASSIST", "协办";
        /// Holds the work while units quarrel (F62).
        Interim = 3, "INTERIM", "临时牵头";
        /// A team inside a unit (F46); its return goes to the unit.
        Inner = 4, "INNER", "内部科室";
    }
}

codes! {
    /// Warning shown on an overdue or nearly overdue ticket (D§8.2). Ordered.
    Card, "card" {
        None = 1, "NONE", "无";
        Yellow = 2, "YELLOW", "黄牌";
        Red = 3, "RED", "红牌";
        OverdueReported = 4, "OVERDUE_REPORTED", "逾期通报";
    }
}

codes! {
    /// Why a unit may not return a ticket (D§6.1 `return_lock`).
    ReturnLock, "return lock" {
        None = 1, "NONE", "无";
        Denied = 2, "DENIED", "退单被驳回";
        Ruling = 3, "RULING", "裁定锁定";
    }
}

codes! {
    /// Why a unit returns a ticket (退单理由, D§5.4).
    ReturnReason, "return reason" {
        OutOfScope = 21, "21", "非热线受理范围";
        NotMyDuty = 22, "22", "非本单位职能";
        NotMyArea = 23, "23", "非本单位辖区";
        MissingElements = 24, "24", "因工单要素不全致无法处置";
        UnmergedDuplicate = 25, "25", "不当重复派单";
        Other = 26, "26", "其他";
    }
}

impl ReturnReason {
    /// 22 and 23 must say whose it is, or the ticket wanders (D§10.3 R-DSP-4).
    #[must_use]
    pub const fn needs_suggested_unit(self) -> bool {
        matches!(self, Self::NotMyDuty | Self::NotMyArea)
    }
}

codes! {
    /// Why a demand is not accepted (R-NAT-8).
    RejectReason, "reject reason" {
        Litigation = 1, "LITIGATION", "诉讼、仲裁事项";
        Discipline = 2, "DISCIPLINE", "纪检监察事项";
        Reconsideration = 3, "RECONSIDERATION", "行政复议事项";
        Disclosure = 4, "DISCLOSURE", "政府信息公开事项";
        Petition = 5, "PETITION", "信访事项";
        Secret = 6, "SECRET", "涉及国家秘密、商业秘密或个人隐私";
        PublicOrder = 7, "PUBLIC_ORDER", "违反公序良俗";
        AlreadyHandled = 8, "ALREADY_HANDLED", "已依法办理且无新情况新理由";
        OutOfScope = 9, "OUT_OF_SCOPE", "非热线受理范围";
        Abuse = 10, "ABUSE", "恶意骚扰";
    }
}

codes! {
    /// An element that a demand needs (受理五要素, D§5.5).
    Element, "element" {
        Name = 1, "NAME", "姓名";
        Time = 2, "TIME", "时间";
        Place = 3, "PLACE", "地址";
        Cause = 4, "CAUSE", "起因";
        Course = 5, "COURSE", "经过";
    }
}

codes! {
    /// What was found of the facts (事实认定, D§5.4).
    Finding, "finding" {
        True = 1, "TRUE", "属实";
        PartlyTrue = 2, "PARTLY_TRUE", "部分属实";
        Untrue = 3, "UNTRUE", "不属实";
        Adopted = 4, "ADOPTED", "采纳";
        PartlyAdopted = 5, "PARTLY_ADOPTED", "部分采纳";
        Noted = 6, "NOTED", "留作参考";
        NotAdopted = 7, "NOT_ADOPTED", "不予采纳";
        PolicyExists = 8, "POLICY_EXISTS", "有政策信息";
        NoPolicy = 9, "NO_POLICY", "无政策信息";
        PolicyNotAccepted = 10, "POLICY_NOT_ACCEPTED", "对政策解释不接受";
    }
}

impl Finding {
    /// Is it in the list of this type (D§5.4)? Where the type is unknown, or has no list, any may be chosen.
    #[must_use]
    pub const fn fits(self, kind: Option<Kind>) -> bool {
        match kind {
            Some(Kind::Complaint | Kind::Report | Kind::Help) => {
                matches!(self, Self::True | Self::PartlyTrue | Self::Untrue)
            }
            Some(Kind::Suggestion) => {
                matches!(self, Self::Adopted | Self::PartlyAdopted | Self::Noted | Self::NotAdopted)
            }
            Some(Kind::Consult) => matches!(self, Self::PolicyExists | Self::NoPolicy | Self::PolicyNotAccepted),
            Some(Kind::Praise | Kind::Other) | None => true,
        }
    }

    /// Needs no explanation; every other finding does (D§5.4).
    #[must_use]
    pub const fn explains_itself(self) -> bool {
        match self {
            Self::True | Self::Adopted | Self::PolicyExists => true,
            Self::PartlyTrue
            | Self::Untrue
            | Self::PartlyAdopted
            | Self::Noted
            | Self::NotAdopted
            | Self::NoPolicy
            | Self::PolicyNotAccepted => false,
        }
    }
}

codes! {
    /// Whether the demand is justified (诉求认定, D§5.4).
    Demand, "demand" {
        Lawful = 1, "LAWFUL", "诉求合理合法";
        NoBasis = 2, "NO_BASIS", "无政策依据";
        Excessive = 3, "EXCESSIVE", "诉求过高";
        Other = 4, "OTHER", "其他";
    }
}

codes! {
    /// What the handling came to (处理结果, D§5.4).
    Outcome, "outcome" {
        Solved = 1, "SOLVED", "实际解决";
        Explained = 2, "EXPLAINED", "解释说明";
        PartlySolved = 3, "PARTLY_SOLVED", "部分解决";
        Unsolved = 4, "UNSOLVED", "未解决";
    }
}

codes! {
    /// Whether somebody looked on site (现场查看, D§5.4).
    SiteVisit, "site visit" {
        Yes = 1, "YES", "是";
        No = 2, "NO", "否";
        NoSite = 3, "NO_SITE", "无实际现场";
    }
}

codes! {
    /// How the citizen was answered (答复方式, D§5.4).
    ReplyMeans, "reply means" {
        Phone = 1, "PHONE", "电话";
        Written = 2, "WRITTEN", "书面";
        Meeting = 3, "MEETING", "约谈";
        Sms = 4, "SMS", "短信";
        Network = 5, "NETWORK", "网络";
    }
}

codes! {
    /// How a first contact went (先行联系, D§5.4, D§12.1).
    ContactOutcome, "contact outcome" {
        Reached = 1, "REACHED", "已联";
        PowerOff = 2, "POWER_OFF", "始终关机";
        NoAnswer = 3, "NO_ANSWER", "始终未接";
        Anonymous = 4, "ANONYMOUS", "匿名";
        Unwilling = 5, "UNWILLING", "不愿联系";
        Other = 6, "OTHER", "其他";
    }
}

codes! {
    /// Why more time is asked (延期理由, D§5.4).
    ExtensionReason, "extension reason" {
        Statutory = 1, "STATUTORY", "法定时限";
        Difficult = 2, "DIFFICULT", "特殊疑难";
    }
}

codes! {
    /// Why a ticket is suspended (F23).
    SuspendReason, "suspend reason" {
        Proceedings = 1, "PROCEEDINGS", "司法/行政程序";
        Works = 2, "WORKS", "需工程周期";
        ThirdParty = 3, "THIRD_PARTY", "第三方资料";
        Requester = 4, "REQUESTER", "诉求人要求";
    }
}

codes! {
    /// Class of a duplicate (D§9.2).
    DuplicateClass, "duplicate class" {
        D0 = 1, "D0", "同源重推";
        D1 = 2, "D1", "同人同事·在办";
        D2 = 3, "D2", "同人同事·已办结";
        D3 = 4, "D3", "异人同事";
        D4 = 5, "D4", "同类同主体";
        D5 = 6, "D5", "一号多诉";
        D6 = 7, "D6", "一单多诉";
        D7 = 8, "D7", "跨平台重复";
        D8 = 9, "D8", "恶意骚扰";
    }
}

codes! {
    /// What duplicate detection says of a ticket (F54).
    Verdict, "verdict" {
        Unique = 1, "UNIQUE", "非重复";
        Suggested = 2, "SUGGESTED", "疑似重复";
        NotJudged = 3, "NOT_JUDGED", "未判重";
    }
}

codes! {
    /// Outcome of one survey attempt (R-CB-4).
    AttemptOutcome, "attempt outcome" {
        AnsweredValid = 1, "ANSWERED_VALID", "有效回访";
        AnsweredPartial = 2, "ANSWERED_PARTIAL", "部分作答";
        Refused = 3, "REFUSED", "拒绝调查";
        NoAnswer = 4, "NO_ANSWER", "始终未接";
        PowerOff = 5, "POWER_OFF", "始终关机";
        WrongNumber = 6, "WRONG_NUMBER", "号码错误";
        NoInput = 7, "NO_INPUT", "无按键";
        Busy = 8, "BUSY", "占线";
        HandedToHuman = 9, "HANDED_TO_HUMAN", "转人工";
    }
}

codes! {
    /// By which means a survey is answered.
    SurveyMeans, "survey means" {
        Link = 1, "LINK", "评价链接";
        Robot = 2, "ROBOT", "智能回访";
        Human = 3, "HUMAN", "人工回访";
        Upstream = 4, "UPSTREAM", "上级回访";
    }
}

codes! {
    /// How a closed ticket ended.
    Ending, "ending" {
        Satisfied = 1, "SATISFIED", "满意";
        Unreached = 2, "UNREACHED", "回访未成功";
        Unsatisfied = 3, "UNSATISFIED", "不满意";
        Unreasonable = 4, "UNREASONABLE", "诉求不合理";
        NotSolvableNow = 5, "NOT_SOLVABLE_NOW", "挂账";
    }
}

codes! {
    /// Who may read a note (F45).
    Audience, "audience" {
        Internal = 1, "INTERNAL", "内部";
        Unit = 2, "UNIT", "承办单位";
        Citizen = 3, "CITIZEN", "诉求人";
    }
}

codes! {
    /// Notices of D§13.
    Notice, "notice" {
        N1 = 1, "N1", "已受理";
        N2 = 2, "N2", "待补充";
        N3 = 3, "N3", "不予受理";
        N4 = 4, "N4", "已转办";
        N5 = 5, "N5", "单位联系";
        N6 = 6, "N6", "延期";
        N7 = 7, "N7", "挂起";
        N8 = 8, "N8", "并案提醒";
        N9 = 9, "N9", "已办结";
        N10 = 10, "N10", "重办";
        N11 = 11, "N11", "催办已转";
        N12 = 12, "N12", "逾期致歉";
    }
}

codes! {
    /// Clocks of D§6.1 and D§8.2.
    Timer, "timer" {
        Accept = 1, "T_accept", "受理";
        Supplement = 2, "T_supplement", "补充";
        Dispatch = 3, "T_dispatch", "分拨";
        Judge = 4, "T_judge", "判重";
        Sign = 5, "T_sign", "签收";
        Contact = 6, "T_contact", "先行联系";
        Interim = 7, "T_interim", "阶段反馈";
        Handle = 8, "T_handle", "办理";
        /// Latest moment to return.
        Return = 9, "T_return", "退单";
        ReturnReview = 10, "T_return_review", "退单审核";
        Dispute = 11, "T_dispute", "裁定";
        SuspendReview = 12, "T_suspend_review", "挂起复核";
        CloseReview = 13, "T_close_review", "办结审核";
        Verify = 14, "T_verify", "核查";
        Callback = 15, "T_callback", "回访";
        /// The callback window ends (R-CB-12).
        CallbackEnd = 16, "T_callback_end", "回访截止";
        Redo = 17, "T_redo", "重办";
        Rating = 18, "T_rating", "评价";
        /// The citizen may come back on the same matter (W_closed, D§9.4).
        Reraise = 19, "W_closed", "再诉窗口";
        Upstream = 20, "T_upstream", "上级";
        KpiAppeal = 21, "T_kpi_appeal", "申诉";
        /// The ticket's own clock: the date promised to the citizen (R-TIM-3).
        Promise = 22, "T_promise", "承诺";
    }
}

codes! {
    /// What an upstream platform decided (F53).
    UpstreamDecision, "upstream decision" {
        ReturnAccepted = 1, "RETURN_ACCEPTED", "同意退回";
        ReturnRefused = 2, "RETURN_REFUSED", "不同意退回";
        ExtensionGranted = 3, "EXTENSION_GRANTED", "同意延期";
        ExtensionDenied = 4, "EXTENSION_DENIED", "不同意延期";
        ResultAccepted = 5, "RESULT_ACCEPTED", "结果通过";
        ResultRefused = 6, "RESULT_REFUSED", "结果退回";
    }
}
