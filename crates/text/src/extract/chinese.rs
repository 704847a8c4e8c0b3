//! Chinese names: what stands before a word such as 路, 小区 or 小学, back to the next border.
//!
//! A border is punctuation, a word that no name contains (在, 的, 我们), or the end of an area or of
//! another name. Where only some names contain a word (和 in 和平路), it is a border once two
//! characters of the name are there. What is left without a name of its own (这条路, 附近小区) is none.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::number::{Number, Written};
use super::{Found, Named, before, begins, behind, ends};

/// The words that end a name.
const SUFFIXES: &[(Named, &str)] = &[
    (
        Named::Company,
        "有限公司|股份有限公司|有限责任公司|集团公司|集团有限公司|公司|集团|物业|超市|便利店|酒店|宾馆|饭店|酒楼|网吧|工厂|制药厂|纸厂|砖厂|水泥厂|碎石厂|化工厂|加油站|银行",
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
        "公园|广场|农贸市场|菜市场|市场|大厦|商场|购物中心|火车站|汽车站|地铁站|公交站|客运站|高铁站|大桥|立交桥|隧道|体育馆|图书馆|写字楼|产业园|工业园|创业园|科技园|湿地公园|垃圾站|中转站|派出所",
    ),
    (Named::Locality, "镇|街道|社区|村|居委会|街道办|街道办事处|村委会"),
];

/// Longer words in which such a word names nothing.
const NO_SUFFIX: &str = "马路|道路|铁路|网路|电路|线路|思路|出路|后路|半路|一路上|上路|沿路|顺路|走路|修路|铺路|问路|让路|堵路|过路|短路|断路|通路|岔路|弯路\
    |路由|路过|路程|路费|路径|路况|路障|路透|路演|路基|路人|回路|水路|陆路|公路|街坊|街头|街上|街边|逛街|上街|沿街|临街|整条街|村民\
    |村庄|农村|乡村|各村|全村|本村|我村|该村|城中村|乡镇|村镇|城镇|本镇|我镇|全镇|街道办公|大学生|中学生|小学生|初中生|高中生\
    |新城区|市场价|市场经济|市场监|市场监管|市场化|市场管理|市场主体|市场秩序|市场上|银行卡|银行贷款|公司法\
    |入学|升学|大学毕业|小学毕业|上小学|上大学|读小学|读大学|上初中|上高中|读初中|读高中|小升初|中高中|初中高中|高中生|高速发展|高速增长|镇静";

/// Never inside a name.
const HARD: &str = "的在是了我你您他她它们这那该每但被把让请都也就还与及或个吗呢吧么某";
/// A border once the name has two characters.
const SOFT: &str = "和到至从向将有对过去来靠沿离由为即距经往并且只要使给于以省市区县镇乡村路街巷弄栋幢号期旁侧边内外处间至住叫名为由等因条所座片段属";
/// Words before which a name begins, once it has two characters.
const BREAKS: &str = "位于|坐落|座落|家住|反映|关于|投诉|咨询|请问|建议|举报|附近|旁边|对面|楼下|楼上|门口|路口|交汇|交叉|沿线|周边|目前|现在|最近|今年|去年|昨天|今天|业主|居民|市民|开发商|家长|领导|相关|有关|部门\
    |街道|社区|开发区|高新区|新区|城区|小区|公司|大道|国道|省道|途经|途径|经过|打通|修建|新建|建设|延伸|开通|连接|靠近|邻近|临近|毗邻|紧邻|针对|对于|希望|请求|要求|恳请|进入|通往|就读|前往|因为|由于|所以\
    |如果|没有|还有|以及|或者|购买|入住|尊敬|书记|市长|区长|县长|政府|学校|老师|学生|加快|尽快|推进|严重|关注|解决|处理|整治|取缔|查处|治理|规范|管理|违规|违法|非法|工业园|产业园|以东|以西|以南|以北|东侧|西侧|南侧|北侧\
    |直到|开往|分别|其中|包括|比如|例如|就是|还是|只有|无法|可以|能否|是否|什么|哪里|何时|为何|为什么|怎么|如何|所谓|名叫|名为|叫做|号称|隶属|属于|所属|辖区|境内|区域|地块|片区|一带|沿着|路段|拟建|规划|正在|导致|影响";
/// What stands right before any ending word and makes it general: 附近小区, 这条路.
const GENERAL: &str = "附近|旁边|对面|周边|周围|我们|整个|所有|多个|其他|其它|别的|什么|哪个|一个|两个|几个|各个|居民|业主|住户|在建|施工|新|老|旧|大|小|各|全|同|本|整|高|好|差|贵\
    |县|市|区|省|镇|村|一条|两条|条|座|所|家|间|房|前|后|里|外|内|过|上|下|出|进|回|问|带|开|让|占|堵|修|铺|拦|多|名|叫|当地|所在|一|二|三|几|某|相邻|邻|有些|许多|很多|不少|部分|大部分|大多数|若干|上述|以上|以下|另外|另|此|无人|支|主|辅|分|总|子|母|背|沿|临";
/// The same before 路 and 街.
const GENERAL_ROADS: &str = "乡村|农村|水泥|柏油|沥青|泥巴|泥土|机耕|入户|主干|断头|十字|三岔|丁字|交叉|回家|必经之|进村|出村|通村|组级|村级|石子|砂石|油砂|油沙|双向|单行|人行|高速|快速|城区|市区|县城|乡镇|连接|步行|美食|小吃|风情|整条|商业|内部|消防|盲人";
/// The same before every other ending word.
const GENERAL_THINGS: &str = "住宅|商业|高档|封闭|开放式|老旧|老式|建筑|民办|公办|私立|公立|普惠性|普惠|乡村|农村|高速|快速|大型|小型|连锁|生鲜|便民|国有|民营|私营|外资|装修|房地产|开发|置业|地产|建设|保险|物流|快递|燃气|自来水\
    |供水|供电|电力|热力|公交|出租|旅游|担保|贷款|中介|培训|教育|劳务|保洁|保安|物业|管理|服务|前期|社会|城市|职工|教师|学生|员工|单身|人才|廉租|单位|配套|重点|优质|名牌|综合|专科|人民|中心|三甲|中小|九年制|义务制|寄宿制|全日制\
    |示范|城区|市区|县城|乡镇|街道|国家|全国|棚改|棚户|拆迁|安置|扶贫|民生|惠民|政府|投资|工程|市政|基建|地铁|房建|合作|收费|检查|检测|手术|治疗|研究|科研|违建|无良|黑心|正规|合法|非法|商品房|保障房|经济|农贸|蔬菜|批发|建材|家具\
    |二手|劳动力|楼市|股票|金融|消费|国内|国际|对口|地方|商务|快捷|五星级|四星级|星级|经济型|特色|楼盘|商住|公租|拆|上市|开发商|承建|施工方|运营|一楼|底层|地下|幼儿|读|去|在校|就读|附属|职业|技术|农商|网上|信用卡|上级|基层|居委\
    |村村|镇村|市县|文明|智慧|美丽|明星|贫困|自然|行政|移民|空心|新农|智能|线上|线下|社区|小区";
/// What a name begins with by mistake; taken off.
const GENERAL_STARTS: &str = "附近|旁边|对面|周边|周围|整个|所有|其他|其它|本市|我市|全市|全省|全国|全区|全县|本区|我区|我县|老旧|在建|新建|原|现|位|住|某|位于|坐落|途经|经过|沿着|靠近|靠|往|去|至|到|从|由|向|和|与|跟|将|对|有|为|因|等|即|叫|名为|名叫|叫做|多次|分别|家住|今有|关于|投诉|反映|举报|咨询|请问|建议|希望|尽快|加快|请求|要求|目前|现在|最近|今年|去年|昨天|今天|购买|入住|通往|前往|解决|处理|整治|修建|建设|打通|开通|连接|并|且|以及|或者|还有|业主|居民|村民|市民|开发商|以|于|了|给|使|又|只|要|到处|处|旁|侧|边|内|外|市|区|县|省|镇|乡|村|期|间|所|条|座|段|属";
/// Behind 路 and 街: a part of it or something else.
const NO_ROAD_BEHIND: &[&str] = &[
    "灯", "面", "人", "政", "程", "过", "途", "况", "透", "费", "障", "径", "基", "由", "演", "虎", "标", "道", "坊",
    "头",
];
/// Behind an estate's ending that is one character: it is part of another word.
const NO_ESTATE_BEHIND: &[&str] = &["子", "圃"];
/// Behind a number: a phase or a block of the estate named before it.
const OF_ESTATE: &[&str] = &["期", "栋", "幢", "号栋", "号楼"];

/// Fewest and most characters of a name without its ending word.
const SHORTEST: usize = 2;
const LONGEST: usize = 10;
/// A company's or a site's name may be longer.
const LONGEST_COMPANY: usize = 16;

struct Lexicon {
    suffixes: AhoCorasick,
    of: Vec<Option<Named>>,
    breaks: AhoCorasick,
    general: Vec<&'static str>,
    general_roads: Vec<&'static str>,
    general_things: Vec<&'static str>,
    general_starts: Vec<&'static str>,
}

static LEXICON: LazyLock<Option<Lexicon>> = LazyLock::new(|| {
    let words = |list: &'static str| list.split('|').map(str::trim);
    let mut patterns: Vec<(&str, Option<Named>)> = Vec::new();
    for (named, list) in SUFFIXES {
        patterns.extend(words(list).map(|w| (w, Some(*named))));
    }
    patterns.extend(words(NO_SUFFIX).map(|w| (w, None)));
    // Longest first, so that 长 endings are tried before the short ones in them.
    let by_length = |list| {
        let mut list: Vec<&'static str> = words(list).collect();
        list.sort_by_key(|w| std::cmp::Reverse(w.len()));
        list
    };
    Some(Lexicon {
        suffixes: AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns.iter().map(|(w, _)| w))
            .ok()?,
        of: patterns.iter().map(|(_, named)| *named).collect(),
        breaks: AhoCorasick::builder().build(words(BREAKS)).ok()?,
        general: by_length(GENERAL),
        general_roads: by_length(GENERAL_ROADS),
        general_things: by_length(GENERAL_THINGS),
        general_starts: by_length(GENERAL_STARTS),
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
        let one = word.chars().nth(1).is_none();
        match named {
            Named::Road if matches!(word, "路" | "街") && begins(rest, NO_ROAD_BEHIND).is_some() => return None,
            Named::Estate if one && begins(rest, NO_ESTATE_BEHIND).is_some() => return None,
            Named::School if rest.starts_with('生') || rest.starts_with("毕业") => return None,
            Named::Company
            | Named::Estate
            | Named::School
            | Named::Hospital
            | Named::Site
            | Named::BusLine
            | Named::Road
            | Named::Landmark
            | Named::Locality
            | Named::AreaCode
            | Named::HouseNumber
            | Named::Building
            | Named::Unit
            | Named::Floor
            | Named::Room
            | Named::Pole
            | Named::Manhole => {}
        }
        let longest = if matches!(named, Named::Company | Named::Site) { LONGEST_COMPANY } else { LONGEST };
        let start = self.back(suffix.start, longest);
        let start = self.tidy(named, start, suffix.start)?;
        Some(start..suffix.end)
    }

    /// `米兰春天` in `米兰春天G2栋`, `梅溪青秀` in `梅溪青秀二期`.
    fn estate_before(&self, number: &Number) -> Option<Range<usize>> {
        if !(number.value.is_some() && number.value < Some(100)) || number.written == Written::Letter {
            return None;
        }
        begins(behind(self.text, number.range.end), OF_ESTATE)?;
        let end = number.range.start;
        // Counting, not naming: 每一栋, 第3期 of a course.
        if ends(before(self.text, end), &["第", "每", "这", "那", "共", "约", "有", "近", "余", "多", "整", "了", "分"])
            .is_some()
        {
            return None;
        }
        let start = self.back(end, LONGEST);
        let start = self.tidy(Named::Estate, start, end)?;
        let name = self.text.get(start..end)?;
        let known = self.lexicon.suffixes.find_iter(name).last().is_some_and(|hit| hit.end() == name.len());
        (!known && name.chars().all(is_han)).then_some(start..end)
    }

    /// Goes left to the border of a name that ends at `end`.
    fn back(&self, end: usize, longest: usize) -> usize {
        let mut start = end;
        for (taken, c) in before(self.text, end).chars().rev().take(longest).enumerate() {
            let enough = taken >= SHORTEST;
            let border =
                if c.is_ascii_alphanumeric() || SOFT.contains(c) { enough } else { !is_han(c) || HARD.contains(c) };
            if border || enough && self.is_break.get(start).copied().unwrap_or(false) {
                break;
            }
            start -= c.len_utf8();
        }
        start
    }

    /// Takes off what a name does not begin with; `None` when nothing of its own is left.
    fn tidy(&self, named: Named, mut start: usize, end: usize) -> Option<usize> {
        let mut name = self.text.get(start..end)?;
        while let Some(word) = self.lexicon.general_starts.iter().find(|w| name.starts_with(**w)) {
            let rest = name.get(word.len()..)?;
            if rest.chars().count() < SHORTEST {
                break;
            }
            start += word.len();
            name = rest;
        }
        let chars = name.chars().count();
        if chars < SHORTEST || !name.chars().any(is_han) {
            return None;
        }
        (!self.is_general(named, name)).then_some(start)
    }

    /// Is there no name of its own in `name`? A general word of two characters or more may have a stray one before it.
    fn is_general(&self, named: Named, name: &str) -> bool {
        let kind = if named == Named::Road { &self.lexicon.general_roads } else { &self.lexicon.general_things };
        let alone = |name: &str| self.lexicon.general.contains(&name) || kind.contains(&name);
        alone(name)
            || self.lexicon.general.iter().chain(kind).filter(|w| w.chars().nth(1).is_some()).any(|w| {
                name.strip_suffix(*w).is_some_and(|own| {
                    own.chars().nth(1).is_none() || alone(own) || self.lexicon.general_starts.contains(&own)
                })
            })
    }
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}
