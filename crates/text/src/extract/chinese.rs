//! Chinese names: what stands before a word such as 路, 小区 or 小学, back to the next border.
//!
//! A border is punctuation, a word that no name contains (在, 的, 我们), or the end of an area or of
//! another name. Where only some names contain a word (和 in 和平路), it is a border once two
//! characters of the name are there. What is left without a name of its own (这条路, 附近小区) is none.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::number::{Number, Written};
use super::{Found, Named, before, begins, behind, ends};

/// The words that end a name.
const SUFFIXES: &[(Named, &str)] = &[
    (
        Named::Company,
        "有限公司|股份有限公司|有限责任公司|集团公司|集团有限公司|公司|物业公司|集团|物业|超市|便利店|酒店|宾馆|饭店|酒楼|网吧|工厂|制药厂|纸厂|砖厂|水泥厂|碎石厂|化工厂|加油站|银行",
    ),
    (
        Named::Estate,
        "小区|花园|花苑|家园|雅苑|公寓|山庄|公馆|华府|华庭|豪庭|嘉园|佳园|名苑|名都|名邸|名城|新村|国际城|新城|安置区|安置房|苑|国际社区|别墅区|家属区|家属院|宿舍|住宅区|住宅小区",
    ),
    (Named::School, "小学|中学|大学|学院|学校|幼儿园|幼稚园|附小|附中|一中|高中|初中"),
    (Named::Hospital, "医院|卫生院|卫生服务中心|门诊部|诊所|卫生室"),
    (Named::Site, "工地|项目部|项目|建筑工地|施工工地"),
    (Named::Road, "路|街|大道|大街|巷|胡同|高速|高速公路|快速路|环线|步行街|商业街"),
    (
        Named::Landmark,
        "公园|广场|农贸市场|菜市场|批发市场|建材市场|大厦|商场|购物中心|火车站|汽车站|地铁站|公交站|客运站|高铁站|大桥|立交桥|隧道|体育馆|图书馆|写字楼|产业园|工业园|创业园|科技园|湿地公园|派出所",
    ),
    (Named::Locality, "镇|街道|社区|村|居委会|街道办|街道办事处|村委会"),
];

/// Longer words in which such a word names nothing.
const NO_SUFFIX: &str = "马路|道路|铁路|网路|电路|线路|思路|出路|后路|半路|一路上|上路|沿路|顺路|走路|修路|铺路|问路|让路|堵路|过路|短路|断路|通路|岔路|弯路|开路|改革路|销路\
    |路由|路过|路程|路费|路径|路况|路障|路透|路演|路基|路人|回路|水路|陆路|公路|街坊|街头|街上|街边|逛街|上街|沿街|临街|整条街|村民|村庄|农村|乡村|各村|全村|本村|我村|该村|城中村|后备村|乡镇|村镇|城镇|本镇|我镇|全镇\
    |街道办公|大学生|中学生|小学生|初中生|高中生|新城区|银行卡|银行贷款|公司法|入学|升学|大学毕业|小学毕业|上小学|上大学|读小学|读大学|上初中|上高中|读初中|读高中|小升初|中高中|初中高中|高速发展|高速增长|镇静";

/// Never inside a name.
const HARD: &str = "的在是了我你您他她它们这那该每但被把让请都也就还与及或个吗呢吧么某不没很已再而又若却此既曾着给得所";
/// A border once the name has two characters.
const SOFT: &str = "和到至从向将有对过去来靠沿离由为即距经往并且只要使于以省市区县镇乡村路街巷弄栋幢号期旁侧边处住叫名等因条座片段属走能会像比才上下找";
/// No name ends with these: 影响到学校, 投诉至物业.
const NO_END: &str = "为至比到从向由于使等以及因即且叫交同对找将被要有本该";
/// Words before which a name begins, once it has two characters, and with which no name ends.
const BREAKS: &str = "位于|坐落|座落|家住|反映|关于|投诉|咨询|请问|建议|举报|附近|旁边|对面|楼下|楼上|门口|路口|交汇|交叉|沿线|周边|周围|目前|现在|最近|今年|去年|昨天|今天|业主|居民|市民|家长|领导|相关|有关|部门|路上|路边|街上\
    |途经|途径|经过|打通|修建|建成|延伸|开通|连接|靠近|邻近|临近|毗邻|紧邻|针对|对于|希望|请求|要求|恳请|进入|通往|就读|前往|因为|由于|所以|如果|没有|还有|以及|或者|购买|入住|尊敬|书记|市长|区长|县长|加快|尽快|推进|严重\
    |关注|解决|处理|整治|取缔|查处|治理|规范|违规|违法|非法|以东|以西|以南|以北|东侧|西侧|南侧|北侧|东门|西门|南门|北门|正门|直到|开往|分别|其中|包括|比如|例如|就是|还是|只有|无法|可以|能否|是否|什么|哪里|何时|为何|怎么|如何\
    |所谓|名为|叫做|号称|隶属|属于|辖区|境内|区域|地块|片区|一带|沿着|路段|拟建|正在|导致|影响|破坏|占用|造成|利用|明确|设置|开设|进出|步入|避免|同时|监督|收取|配备|回复|原因|之前|之后|以前|多次|通知|收编|代表\
    |成立|参与|挪用|进行|同意|允许|增加|减少|提高|改造|美化|离开|来到|回到|走到|出于|作为|成为|做成|办成|变成|纵容|纷纷|竟然|既然|甚至|已经|曾经|仍然|依然|凭着|考虑|担任|上述|全部|部分|大部分|各种|各类|各个|方便|现有|拖欠|强制|表示|密集|重视|本来|征收|进驻|打开|假如|穿越|拉通|禁止|路过|缴纳|声称|公示|优化|绕开|支付|预留|设立|尤其|实际上|月份\
    |上午|下午|中午|晚上|早上|凌晨|夜间|半夜|反对|坚决|临时|组建|异地|据说|听说|据悉|暂停|一半|时间|永久|重新|销售|反馈|拒绝|强迫|打造|新增|引进|引入|撤销|更换|更名|举行|组织|爱护|撤除|落户|发现|参观|保证|滞留|加建|避开|出入|高架|站点";
/// Words of the same kind that end a place's name: 望潮小区物业, 城南街道卫生院.
const PLACES: &str = "街道|社区|开发区|高新区|新区|城区|小区|公司|大道|国道|省道|政府|学校|工业园|产业园|开发商|建设|新建|规划|管理|老师|学生";
/// What makes an ending word general: 附近小区, 这条路. A name made of these alone is none.
const GENERAL: &str = "我们|整个|所有|多个|其他|其它|别的|哪个|一个|两个|几个|住户|在建|施工|新|老|旧|大|小|各|全|同|本|整|高|好|差|贵|县|市|区|省|镇|村|条|座|所|家|间|房|前|后|里|外|内|过|上|下|出|进|回|问|带|开|让|占|堵|修|铺|拦|多|名|叫\
    |当地|所在|一|二|三|几|相邻|邻|有些|许多|很多|不少|大多数|若干|以上|以下|另外|另|无人|支|主|辅|分|总|子|母|背|沿|临|住|级|户|组|通|道|走|去|找|读|做|主要|重要|建|办|管|行车|套|层层|多所|各大|级支|新老|老大|各级|城市|隐患|安全|后面|人行|本市|我市|全市|全省|全国|社会|营利性|非营利性";
/// The same before 路 and 街.
const GENERAL_ROADS: &str = "乡村|农村|水泥|柏油|沥青|泥巴|泥土|机耕|入户|主干|断头|十字|三岔|丁字|交叉|回家|必经之|进村|出村|通村|石子|砂石|油砂|油沙|双向|单行|人行|高速|快速|市区|县城|乡镇|步行|美食|小吃|风情|商业|内部|消防|盲人|上下坡|下坡|上坡|辅道|规划|施工便";
/// The same before every other ending word.
const GENERAL_THINGS: &str = "住宅|商业|高档|封闭|开放式|老旧|老式|建筑|民办|公办|私立|公立|普惠性|普惠|乡村|农村|高速|快速|大型|小型|连锁|生鲜|便民|国有|民营|私营|外资|装修|房地产|开发|置业|地产|保险|物流|快递|燃气|自来水|供水|供电|电力|热力\
    |公交|出租|旅游|担保|贷款|中介|培训|机构|教育|劳务|保洁|保安|物业|服务|前期|城市|职工|教师|员工|单身|人才|廉租|单位|配套|重点|优质|名牌|综合|专科|人民|中心|三甲|中小|九年制|义务制|寄宿制|全日制|示范|市区|县城|乡镇\
    |国家|棚改|棚户|拆迁|安置|扶贫|民生|惠民|投资|工程|市政|基建|地铁|房建|合作|收费|检查|检测|手术|治疗|研究|科研|违建|无良|黑心|正规|合法|商品房|保障房|经济|农贸|蔬菜|批发|建材|家具|二手|楼市|股票|金融|消费|国内|国际\
    |对口|地方|商务|快捷|五星级|四星级|星级|经济型|特色|楼盘|商住|公租|拆|上市|承建|施工方|运营|一楼|底层|地下|幼儿|在校|附属|职业|技术|农商|网上|信用卡|上级|基层|居委|文明|智慧|美丽|明星|贫困|自然|行政|移民|空心|新农|智能\
    |线上|线下|城镇|美食|露天|私人|医疗|学院|工厂|经营|餐饮|一中|子弟|百年";
/// What a name begins with by mistake; taken off.
const STARTS: &str = "本市|我市|全市|全省|全国|全区|全县|本区|我区|我县|老旧|在建|原|现|位|住|往|去|至|到|从|由|向|和|跟|将|对|有|为|因|等|即|叫|家住|今有|并|且|以|于|使|又|只|要|到处|处|旁|侧|边|市|区|县|省|镇|乡|村|期|间|条|座|段|属|像|走|上|下|地方|其|开发商";
/// Behind 路 and 街: a part of it or something else.
const NO_ROAD_BEHIND: &[&str] = &[
    "灯", "面", "人", "政", "程", "过", "途", "况", "透", "费", "障", "径", "基", "由", "演", "虎", "标", "道", "坊",
    "头",
];
/// Behind an estate's ending that is one character: it is part of another word.
const NO_ESTATE_BEHIND: &[&str] = &["子", "圃"];
/// Behind a number: a phase or a block of the estate named before it.
const OF_ESTATE: &[&str] = &["期", "栋", "幢", "号栋", "号楼"];
/// Before such a number: it counts, 每一栋, 几十栋, or stages, 宫颈癌1期.
const COUNTS: &[&str] = &[
    "第", "每", "这", "那", "共", "约", "有", "近", "余", "多", "整", "了", "分", "几", "数", "癌", "症", "病", "建",
    "工程", "培训",
];
/// 项目 is a plan of any kind: it is built only where an estate's name stands before it or building is said behind it.
const BUILT_BEFORE: &[&str] = &[
    "期",
    "城",
    "苑",
    "园",
    "府",
    "湾",
    "郡",
    "广场",
    "小区",
    "地块",
    "大学",
    "片区",
    "大厦",
    "国际",
    "花园",
    "家园",
    "中心",
    "安置房",
    "公馆",
    "号",
];
const BUILT_BEHIND: &[&str] = &["工地", "施工", "部", "夜间", "开发商", "楼盘"];

/// Fewest and most characters of a name without its ending word.
const SHORTEST: usize = 2;
const LONGEST: usize = 10;
/// A company's or a site's name may be longer.
const LONGEST_COMPANY: usize = 16;
/// Most characters of a word in the lists above.
const LONGEST_WORD: usize = 4;

/// What a character does to a name.
const IS_HARD: u8 = 1;
const IS_SOFT: u8 = 2;
const IS_NO_END: u8 = 4;
/// It begins a word of [`STARTS`]; it ends a word of [`BREAKS`]; it ends a general word.
const BEGINS_START: u8 = 8;
const ENDS_VERB: u8 = 16;
const ENDS_GENERAL: u8 = 32;

struct Lexicon {
    suffixes: AhoCorasick,
    of: Vec<Option<Named>>,
    breaks: AhoCorasick,
    /// For each Chinese character from [`FIRST`] on.
    characters: Vec<u8>,
    verbs: HashSet<&'static str>,
    general_roads: HashSet<&'static str>,
    general_things: HashSet<&'static str>,
    starts: HashSet<&'static str>,
}

/// The Chinese characters that names are made of.
const FIRST: u32 = 0x4e00;
const LAST: u32 = 0x9fff;

static LEXICON: LazyLock<Option<Lexicon>> = LazyLock::new(|| {
    let words = |list: &'static str| list.split('|').map(str::trim);
    let mut patterns: Vec<(&str, Option<Named>)> = Vec::new();
    for (named, list) in SUFFIXES {
        patterns.extend(words(list).map(|w| (w, Some(*named))));
    }
    patterns.extend(words(NO_SUFFIX).map(|w| (w, None)));
    let mut characters = vec![0u8; (LAST - FIRST + 1) as usize];
    let mut mark = |c: Option<char>, does: u8| {
        let at = c.and_then(|c| (c as u32).checked_sub(FIRST)).and_then(|i| characters.get_mut(i as usize));
        if let Some(at) = at {
            *at |= does;
        }
    };
    for (list, does) in [(HARD, IS_HARD), (SOFT, IS_SOFT), (NO_END, IS_NO_END)] {
        list.chars().for_each(|c| mark(Some(c), does));
    }
    // Most names are told from these at their first or last character, without a look into the lists.
    words(STARTS).for_each(|w| mark(w.chars().next(), BEGINS_START));
    words(BREAKS).for_each(|w| mark(w.chars().next_back(), ENDS_VERB));
    [GENERAL, GENERAL_ROADS, GENERAL_THINGS, BREAKS, PLACES, STARTS]
        .into_iter()
        .flat_map(words)
        .for_each(|w| mark(w.chars().next_back(), ENDS_GENERAL));
    let general = || words(GENERAL).chain(words(BREAKS)).chain(words(PLACES)).chain(words(STARTS));
    let dfa = Some(AhoCorasickKind::DFA);
    Some(Lexicon {
        suffixes: AhoCorasick::builder()
            .kind(dfa)
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns.iter().map(|(w, _)| w))
            .ok()?,
        of: patterns.iter().map(|(_, named)| *named).collect(),
        breaks: AhoCorasick::builder().kind(dfa).build(words(BREAKS).chain(words(PLACES))).ok()?,
        characters,
        verbs: words(BREAKS).collect(),
        general_roads: general().chain(words(GENERAL_ROADS)).collect(),
        general_things: general().chain(words(GENERAL_THINGS)).collect(),
        starts: words(STARTS).collect(),
    })
});

/// Adds the names of a folded text. `numbers` are its numbers.
pub(super) fn names(text: &str, numbers: &[Number], found: &mut Vec<Found>) {
    let Some(lexicon) = LEXICON.as_ref() else { return };
    let mut is_break = vec![false; text.len() + 1];
    for hit in lexicon.breaks.find_overlapping_iter(text) {
        if let Some(b) = is_break.get_mut(hit.end()) {
            *b = true;
        }
    }
    let walk = Walk { text, is_break: &is_break, lexicon };
    for hit in lexicon.suffixes.find_iter(text) {
        let Some(Some(named)) = lexicon.of.get(hit.pattern().as_usize()) else { continue };
        if let Some(range) = walk.name(*named, hit.range()) {
            found.push(Found::named(*named, range, text));
        }
    }
    for number in numbers {
        if let Some(range) = walk.estate_before(number) {
            found.push(Found::named(Named::Estate, range, text));
        }
    }
}

struct Walk<'a> {
    text: &'a str,
    is_break: &'a [bool],
    lexicon: &'a Lexicon,
}

impl Walk<'_> {
    /// The name that ends with the word at `suffix`.
    fn name(&self, named: Named, suffix: Range<usize>) -> Option<Range<usize>> {
        let word = self.text.get(suffix.clone())?;
        let rest = behind(self.text, suffix.end);
        let longest = if matches!(named, Named::Company | Named::Site) { LONGEST_COMPANY } else { LONGEST };
        let start = self.tidy(named, self.back(suffix.start, longest), suffix.start)?;
        let own = self.text.get(start..suffix.start)?;
        let part_of_a_word = match named {
            Named::Road => matches!(word, "路" | "街") && begins(rest, NO_ROAD_BEHIND).is_some(),
            Named::Estate => word == "苑" && begins(rest, NO_ESTATE_BEHIND).is_some(),
            Named::School => rest.starts_with('生') || rest.starts_with("毕业"),
            Named::Site => word == "项目" && ends(own, BUILT_BEFORE).is_none() && begins(rest, BUILT_BEHIND).is_none(),
            Named::Locality => own.ends_with(word),
            Named::Company
            | Named::Hospital
            | Named::BusLine
            | Named::Landmark
            | Named::AreaCode
            | Named::HouseNumber
            | Named::Building
            | Named::Unit
            | Named::Floor
            | Named::Room
            | Named::Pole
            | Named::Manhole => false,
        };
        (!part_of_a_word).then_some(start..suffix.end)
    }

    /// `春天印象` in `春天印象G2栋`, `云湖玫瑰` in `云湖玫瑰二期`.
    fn estate_before(&self, number: &Number) -> Option<Range<usize>> {
        if !(number.value.is_some() && number.value < Some(100)) || number.written == Written::Letter {
            return None;
        }
        begins(behind(self.text, number.range.end), OF_ESTATE)?;
        let end = number.range.start;
        if ends(before(self.text, end), COUNTS).is_some() {
            return None;
        }
        let start = self.tidy(Named::Estate, self.back(end, LONGEST), end)?;
        let name = self.text.get(start..end)?;
        let known = self.lexicon.suffixes.find_iter(name).last().is_some_and(|hit| hit.end() == name.len());
        (!known && name.chars().all(is_han)).then_some(start..end)
    }

    /// Goes left to the border of a name that ends at `end`.
    fn back(&self, end: usize, longest: usize) -> usize {
        let mut start = end;
        for (taken, c) in before(self.text, end).chars().rev().take(longest).enumerate() {
            let enough = taken >= SHORTEST;
            let does = self.does(c);
            let soft = does & IS_SOFT != 0 || c.is_ascii_alphanumeric();
            if does & IS_HARD != 0
                || !soft && !is_han(c)
                || soft && enough
                || enough && self.is_break.get(start).copied().unwrap_or(false)
            {
                break;
            }
            let next = start - c.len_utf8();
            // A3区 and 5日 are no part of a name, however short the rest is.
            let numbered = matches!(c, '市' | '区' | '县' | '年' | '月' | '日')
                && before(self.text, next).ends_with(|c: char| c.is_ascii_alphanumeric());
            if numbered {
                break;
            }
            start = next;
        }
        start
    }

    fn does(&self, c: char) -> u8 {
        let at = (c as u32).checked_sub(FIRST).and_then(|i| self.lexicon.characters.get(i as usize));
        at.copied().unwrap_or(0)
    }

    /// Takes off what a name does not begin with; `None` when nothing of its own is left.
    fn tidy(&self, named: Named, mut start: usize, end: usize) -> Option<usize> {
        let mut name = self.text.get(start..end)?;
        while name.chars().next().is_some_and(|c| self.does(c) & BEGINS_START != 0)
            && let Some(word) = first_words(name).find(|w| self.lexicon.starts.contains(w))
        {
            let rest = name.get(word.len()..)?;
            if rest.chars().nth(SHORTEST - 1).is_none() {
                break;
            }
            start += word.len();
            name = rest;
        }
        let last = name.chars().next_back()?;
        let long = name.chars().nth(SHORTEST).is_some();
        // 泰和路 is a name, 社会和学校 is none.
        let cut = self.does(last) & IS_NO_END != 0 || last == '和' && long;
        let verb = self.does(last) & ENDS_VERB != 0 && last_words(name).any(|w| self.lexicon.verbs.contains(w));
        let own = name.chars().nth(SHORTEST - 1).is_some() && name.chars().any(is_han);
        let general = self.does(last) & ENDS_GENERAL != 0 && self.is_general(named, name);
        (own && !cut && !verb && !general).then_some(start)
    }

    /// Is the name made of general words alone?
    fn is_general(&self, named: Named, name: &str) -> bool {
        if named == Named::Road {
            // The commonest road of all is named like a verb.
            return !matches!(name, "建设" | "新建") && is_made_of(&self.lexicon.general_roads, name);
        }
        is_made_of(&self.lexicon.general_things, name)
    }
}

/// Can `name` be cut into `words`, one of them of two characters or more? 大同 and 新开铺 are names, though
/// each of their characters alone is general. From the right, where most names fail at once.
fn is_made_of(words: &HashSet<&'static str>, name: &str) -> bool {
    // Bit n: what stands behind byte n is made of the words. No name is longer than 16 characters, 64 bytes.
    let bit = |at: usize| u32::try_from(at).ok().and_then(|at| 1u128.checked_shl(at)).unwrap_or(0);
    let (mut made, mut with_long) = (bit(name.len()), 0);
    for (at, c) in name.char_indices().rev() {
        let end = at + c.len_utf8();
        if made & bit(end) != 0 {
            for word in last_words(name.get(..end).unwrap_or("")).filter(|w| words.contains(w)) {
                let start = bit(end - word.len());
                made |= start;
                if with_long & bit(end) != 0 || word.chars().nth(1).is_some() {
                    with_long |= start;
                }
            }
        }
    }
    with_long & 1 != 0
}

/// What a name begins with, the longest first.
fn first_words(name: &str) -> impl Iterator<Item = &str> {
    (1..=LONGEST_WORD).rev().filter_map(|n| {
        let end = name.char_indices().nth(n).map_or(name.len(), |(at, _)| at);
        name.get(..end)
    })
}

/// What a name ends with, the shortest first.
fn last_words(name: &str) -> impl Iterator<Item = &str> {
    name.char_indices().rev().take(LONGEST_WORD).filter_map(|(at, _)| name.get(at..))
}

fn is_han(c: char) -> bool {
    (FIRST..=LAST).contains(&(c as u32))
}
