//! The two languages that a city speaks: names, what is added to a demand, what units and agents write.
//!
//! Data only. Names are rare ones that nobody has, in ordinary words they do not occur, so that the audit can
//! search for them; numbers come from [`super::people::PHONES`].

/// Everything a language gives to the city.
#[derive(Debug)]
pub(super) struct Tongue {
    /// What is said of each kind of matter: see the head of the file.
    pub(super) matters: &'static str,
    /// Rare surnames.
    pub(super) surnames: &'static [&'static str],
    /// Given names.
    pub(super) given: &'static [&'static str],
    /// Between given name and surname, or surname and given name.
    pub(super) surname_first: bool,
    /// A home: `{estate}`, `{n}` and `{m}` become a place and numbers.
    pub(super) home: &'static str,
    /// A spot on a road: `{area}`, `{road}`, `{n}`.
    pub(super) on_road: &'static [&'static str],
    /// A spot at a known place: `{area}`, `{estate}`, `{n}`.
    pub(super) at_estate: &'static [&'static str],
    /// Said after the matter until the text is long enough; fits every matter.
    pub(super) more: &'static [&'static str],
    /// Last words.
    pub(super) wish: &'static [&'static str],
    /// A citizen who says who it is: `{name}`, `{phone}`.
    pub(super) myself: &'static [&'static str],
    /// What makes it a suggestion.
    pub(super) suggestion: &'static [&'static str],
    /// Ends a sentence.
    pub(super) stop: &'static str,
    /// Contacts that become no ticket, by outcome: progress asked, answered, rejected, transferred, wrong, abuse.
    pub(super) progress: &'static [&'static str],
    /// Answered on the spot.
    pub(super) answered: &'static [&'static str],
    /// What everybody answers while a mass event runs.
    pub(super) standing: &'static str,
    /// Not for this hotline.
    pub(super) rejected: &'static [&'static str],
    /// Handed to another number.
    pub(super) transferred: &'static [&'static str],
    /// Said with an urge.
    pub(super) urge: &'static [&'static str],
    /// Said as a supplement.
    pub(super) supplement: &'static [&'static str],
    /// Why it is taken back.
    pub(super) withdraw: &'static [&'static str],
    /// First sentence of a reply.
    pub(super) reply_open: &'static [&'static str],
    /// What was done; a reply has several.
    pub(super) reply_done: &'static [&'static str],
    /// Last sentence of a reply.
    pub(super) reply_close: &'static [&'static str],
    /// A handler who names the citizen where it is not needed: `{name}`, `{phone}`, `{home}`.
    pub(super) careless: &'static [&'static str],
    /// For colleagues.
    pub(super) internal: &'static [&'static str],
    /// Why a finding is not "true".
    pub(super) because: &'static [&'static str],
    /// Why a unit gives a ticket back.
    pub(super) evidence: &'static [&'static str],
    /// Why a dispatch is recalled.
    pub(super) recall: &'static [&'static str],
    /// Why a citizen is unhappy.
    pub(super) unhappy: &'static [&'static str],
    /// Why a survey is decided.
    pub(super) ruling: &'static str,
    pub(super) one_matter: &'static str,
    pub(super) two_matters: &'static str,
    pub(super) besides: &'static str,
}

/// 云州市临港区.
pub(super) static CHINESE: Tongue = Tongue {
    matters: include_str!("words.zh.txt"),
    surnames: &[
        "亓官", "澹台", "濮阳", "纳兰", "宇文", "呼延", "闾丘", "巫马", "公冶", "淳于", "赫连", "钟离", "东郭", "申屠",
    ],
    given: &[
        "晓墨", "听澜", "知遥", "若蘅", "景珩", "疏桐", "望舒", "叔夜", "怀瑾", "攸宁", "既明", "采薇", "令仪", "砚清",
        "霁川", "云岫", "亦渠", "昭岚",
    ],
    surname_first: true,
    home: "{estate}{n}栋{m}室",
    on_road: &["{area}{road}{n}号附近", "{area}{road}{n}号门口", "{area}{road}与{n}号之间", "{area}{road}中段"],
    at_estate: &["{area}{estate}", "{area}{estate}{n}栋楼下", "{area}{estate}北门", "{area}{estate}{n}号楼旁边"],
    more: &[
        "从上个月就有了",
        "这周一直这样",
        "已经好几天了",
        "影响居民正常生活",
        "附近住户意见很大",
        "之前打过电话,一直没有人处理",
        "希望尽快安排人员到现场查看",
        "希望能给一个明确的答复和时间",
        "我们几户人家都反映过,每次都说知道了,然后就没有下文",
        "家里有老人和小孩,实在受不了",
        "上次来人看了一下拍了照片就走了,到现在也没有变化",
        "不知道这个事情到底归哪个部门管,问了几个地方都说不是他们负责",
        "麻烦工作人员来之前先打个电话,我可以带路",
        "如果需要照片和视频我可以提供",
        "昨天又去看了一次,情况比之前更严重",
        "这件事不是一天两天了,业主群里天天有人说",
        "请不要只是回复已收到,希望真正解决问题",
        "要是一时解决不了,也请说明原因和打算怎么办",
        "晚上和周末的时候最明显",
        "我们也理解工作人员辛苦,但是拖下去总不是办法",
    ],
    wish: &["请尽快处理", "请有关部门核实", "希望能给个答复", "麻烦尽快解决", "请协调处理,谢谢"],
    myself: &["我叫{name},电话{phone}", "联系人{name},{phone}", "我的号码是{phone},找{name}就行"],
    suggestion: &[
        "建议有关部门统一研究,从根本上改一改",
        "建议参考别的街道的做法,定期安排",
        "提个建议:能不能固定下来,公示给居民",
    ],
    stop: "。",
    progress: &["问一下前几天反映的事情办到哪一步了", "查一下我的工单进度", "之前登记的问题现在是哪个单位在办"],
    standing: "情况已经掌握,有关单位正在现场处置,进展会及时告知。",
    answered: &[
        "问政务服务大厅周末上不上班",
        "问一下热线能不能发短信回复",
        "想知道办事要不要提前预约",
        "问社区服务中心的地址",
    ],
    rejected: &[
        "法院已经立案的官司,要求热线改判",
        "同一件事上周已经办结答复,没有新的情况又来要求重办",
        "要求查询别人的个人信息",
    ],
    transferred: &["有人突然晕倒,已转急救", "发生交通事故有人受伤,已三方通话转交警值班", "外市的事情,已转当地热线"],
    urge: &["怎么还没有人来,请催一下", "之前登记的到现在没有动静,麻烦催促办理", "情况越来越严重,请加快处理"],
    supplement: &[
        "补充一下,就在靠近公交站的那一侧",
        "补充:今天早上又看了,范围比昨天大",
        "补充说明,联系我的话请在下班以后",
    ],
    withdraw: &["问题已经自己解决了,不用处理了", "刚才看到已经有人来弄好了,申请撤回", "反映错了地方,撤销吧"],
    reply_open: &[
        "您好,您反映的事项我单位高度重视,第一时间安排工作人员到现场核查",
        "您好,接到您的诉求后,我单位当天派员实地查看并与您取得联系",
        "您好,关于您反映的情况,我单位会同社区工作人员进行了现场调查",
    ],
    reply_done: &[
        "经现场核实,情况与您所述一致",
        "工作人员已要求责任方立即整改,并于当日下午完成",
        "我单位组织人员和设备进行了处置,现场已恢复正常",
        "同时对周边路段进行了排查,发现的类似问题一并处理",
        "已将该点位列入每日巡查清单,安排专人跟进",
        "已约谈相关负责人,责令其限期改正并作出书面承诺",
        "对暂时无法一次到位的部分,已制定计划,分两步完成并向居民公示",
        "现场已拍照留存,处理前后对比可到社区查看",
        "已与小区物业建立联系机制,今后发现问题可当天处置",
        "下一步将加大巡查频次,在早晚高峰和周末增派力量",
    ],
    reply_close: &[
        "如您对处理结果仍有疑问,可随时与我单位联系,感谢您对城市管理的关心和监督",
        "后续如再出现类似情况,欢迎您继续反映,我们将及时处理",
        "感谢您的理解与支持",
    ],
    careless: &[
        "已电话联系诉求人{name}({phone})",
        "处理结果已当面告知{name},住{home}",
        "联系电话{phone},{name}表示认可",
        "诉求人{name},身份证号{card},已登记",
    ],
    internal: &[
        "已联系诉求人,现场整改完成,照片存档",
        "派两名队员到场,用时一小时,已复查",
        "与社区网格员一起核实,责任方已签整改单",
    ],
    because: &[
        "现场只发现其中一部分情况,其余与描述不符",
        "到场三次均未发现所述情况,已向诉求人说明",
        "该区域今年已列入改造计划,暂按计划执行",
        "现行规定没有这一项,已当面解释",
    ],
    evidence: &[
        "经核实不属于本单位职责范围,建议转有关单位办理",
        "现场位置不在本单位辖区,界线以东由其他单位负责",
        "该设施产权不在我单位,附产权清单说明",
    ],
    recall: &["派单方向有误,重新核对事项", "补充材料后发现牵头单位应为其他部门"],
    unhappy: &["根本没有解决,还是老样子", "只是打了个电话,没有人到现场", "当天好了,第二天又这样"],
    ruling: "已电话核实诉求人意见,按规定作出处理",
    one_matter: "经比对为同一事项",
    two_matters: "经比对为不同事项",
    besides: "另外，",
};

/// Port Alder.
pub(super) static ENGLISH: Tongue = Tongue {
    matters: include_str!("words.en.txt"),
    surnames: &[
        "Quillonby",
        "Thrawnley",
        "Ashgrovane",
        "Pellwycke",
        "Marrowdene",
        "Skerrigan",
        "Ullathorpe",
        "Vexcombe",
        "Wyndrush",
        "Zephrane",
    ],
    given: &[
        "Isolwyn", "Corvane", "Thessaly", "Ondrej", "Marisend", "Lorquin", "Aveline", "Petrosh", "Ysmay", "Galwyn",
    ],
    surname_first: false,
    home: "{n} {estate}, Apt {m}",
    on_road: &["{n} {road}", "the corner of {n} {road}", "{road} near number {n}"],
    at_estate: &["{estate}", "the entrance of {estate}", "the back of {estate}"],
    more: &[
        "It has been like this since last month",
        "I called before and nobody came",
        "All the neighbours are fed up with it",
        "Please send somebody to have a look",
        "I can provide pictures",
        "Somebody took photos two weeks ago and nothing has changed since",
        "It is worse in the evening and on weekends",
        "I was sent from one office to the next and nobody would say whose job it is",
        "There are small children and old people living here",
        "Please do not just answer that it was received",
        "If it cannot be done now, tell us why and when it will be",
    ],
    wish: &["Please take care of it", "Please fix it soon", "I would like an answer", "Thank you"],
    myself: &["My name is {name}, {phone}", "Call me at {phone}, {name}"],
    suggestion: &["I suggest to do this regularly and tell us when", "Could the city look at how others do it"],
    stop: ". ",
    progress: &["Where does my request stand", "Who is working on the thing I reported"],
    standing: "This is known. Crews are on site, and everybody who called will be told.",
    answered: &["Is the service centre open on Saturday", "Do I need an appointment"],
    rejected: &["Wants a court ruling changed", "The same matter was closed last week and nothing is new"],
    transferred: &["Somebody fainted, handed to the emergency line", "Not in this city, handed to the next one"],
    urge: &["Still nobody here, please hurry", "It gets worse every day, please speed it up"],
    supplement: &["To add: it is on the side of the bus stop", "To add: it was larger this morning"],
    withdraw: &["It was fixed, no need to come", "Wrong place, please take it back"],
    reply_open: &[
        "Thank you for telling us. A crew went to the place the same day",
        "We looked into what you reported together with the neighbourhood office",
    ],
    reply_done: &[
        "What you described was found there",
        "It was repaired in the afternoon and checked the next morning",
        "We checked the surrounding blocks and repaired two similar spots",
        "The place is now on the daily round of our inspectors",
        "The owner was told to put it right within three days and has signed for it",
        "What could not be done at once is planned in two steps and posted on site",
        "Pictures before and after are kept on file",
    ],
    reply_close: &["Please tell us if it comes back", "Thank you for your patience"],
    careless: &[
        "Spoke with {name} ({phone})",
        "Told {name} at home, {home}",
        "Reached at {phone}, {name} agrees",
        "{name}, identity card {card}, was registered",
    ],
    internal: &["Two people, one hour, checked afterwards", "Owner has signed, pictures on file"],
    because: &["Only a part of it was found on site", "Nothing of the kind was found in three visits"],
    evidence: &["This is not our duty; another department owns it", "The place lies outside our district"],
    recall: &["Sent the wrong way, the matter was read wrongly"],
    unhappy: &["Nothing was solved", "They called and nobody came", "It was good for one day only"],
    ruling: "The citizen was called and heard; decided by the rules",
    one_matter: "Compared: both mean the same thing",
    two_matters: "Compared: two different things",
    besides: " Also, ",
};
