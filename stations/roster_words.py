"""What a roster's columns are called, and what people write in them. Room `stations`: words only, no rules.

The code word itself always holds (town_centre, wgs84); the others are compared plain, see cells.plain_word.
"""

from maps.place import Datum
from services_catalog.models import ModeOfItem
from stations.models import Access, Channel, Host, Level
from stations.sheets import Column

COLUMNS = (
    Column("code", "站点编码", ("编码", "站点代码", "机构编码"), required=True),
    Column("name", "站点名称", ("名称", "站点", "机构名称"), required=True),
    Column("level", "级别", ("层级", "站点级别"), required=True),
    Column("host", "承办主体", ("主体类型", "承办主体类型", "依托主体", "承办单位类型"), required=True),
    Column("town_code", "乡镇代码", ("乡镇街道代码", "镇街代码", "街道代码", "乡镇编码"), required=True),
    Column("village_code", "村（社区）代码", ("村代码", "社区代码", "村居代码", "村编码", "村社区编码")),
    Column("lon", "经度", ("lng", "longitude", "x坐标"), required=True),
    Column("lat", "纬度", ("latitude", "y坐标"), required=True),
    Column("datum", "坐标系", ("坐标系统", "坐标类型", "基准")),
    Column("address", "地址", ("详细地址", "站点地址", "位置")),
    Column("inside", "到了以后", ("院内位置", "楼内位置", "窗口位置")),
    Column("phone", "电话", ("联系电话", "电话号码", "咨询电话", "服务电话", "tel")),
    Column("hours", "开放时间", ("服务时间", "营业时间", "办公时间", "工作时间", "开门时间")),
    Column("items_direct", "办理事项", ("直接办理事项", "可办事项")),
    Column("items_assist", "帮办事项", ("帮办代办事项", "代办事项")),
    Column("items_consult", "咨询事项"),
    Column("channels", "渠道", ("服务渠道", "办理渠道", "服务方式")),
    Column("access", "无障碍", ("无障碍设施", "便民设施", "适老设施")),
    Column("place_source", "位置来源", ("坐标来源",)),
    Column("source", "来源", ("数据来源",)),
    Column("verified_on", "核实日期", ("核实时间", "核对日期")),
    Column("open", "状态", ("站点状态", "是否营业", "是否开放")),
    Column("synthetic", "示例数据", ("是否示例",)),
)
HEADERS = {column.field: column.header for column in COLUMNS}
ITEM_COLUMNS = {
    ModeOfItem.DIRECT: "items_direct",
    ModeOfItem.ASSIST: "items_assist",
    ModeOfItem.CONSULT: "items_consult",
}
NO_ITEMS = "无"  # what a blank cell does not say: this station has taken on nothing

LEVELS = {
    Level.TOWN: "乡镇 街道 镇街 乡镇街道 镇 乡 镇级 乡级 乡镇级 街道级 工作站 医保工作站",
    Level.VILLAGE: "村 社区 村居 村社区 村级 社区级 村庄 工作点 服务点 医保工作点 医保服务点",
}
HOSTS = {
    Host.TOWN_CENTRE: "乡镇党群服务中心 街道党群服务中心 乡镇街道党群服务中心 镇街党群服务中心 乡镇便民服务中心 街道便民服务中心",
    Host.VILLAGE_CENTRE: "村党群服务中心 社区党群服务中心 村社区党群服务中心 村居党群服务中心 村委会 居委会 村居委会 社区居委会",
    Host.CLINIC: "定点医药机构 医药机构 定点医疗机构 医疗机构 卫生室 村卫生室 卫生院 乡镇卫生院 卫生服务站 社区卫生服务站 社区卫生服务中心 医院 诊所 药店 定点药店",
    Host.INSURER: "商保机构 商业保险机构 商保网点 保险公司 保险网点",
    Host.BANK: "银行 银行网点",
    Host.ENTERPRISE: "企业 大型企业 公司",
}
CENTRES = {Level.TOWN: Host.TOWN_CENTRE, Level.VILLAGE: Host.VILLAGE_CENTRE}  # 党群服务中心: whose, the level says
DATUMS = {
    Datum.WGS84: "wgs1984 gps wgs 手机定位 84",
    Datum.CGCS2000: "2000 国家2000 2000国家大地坐标系 国家大地坐标系 天地图 大地2000",
    Datum.GCJ02: "gcj 火星坐标 火星坐标系 国测局 高德 腾讯 高德地图 腾讯地图",
    Datum.BD09: "bd09ll bd 百度 百度地图 百度坐标",
}
CHANNELS = {
    Channel.WINDOW: "窗口办 窗口 窗口办理 现场办 现场",
    Channel.ASSISTED: "帮办代办 帮办 代办",
    Channel.DOOR_TO_DOOR: "上门办 上门 上门服务",
    Channel.SELF_SERVICE: "自助办 自助 自助机",
    Channel.VIDEO: "视频办 视频 远程视频",
}
ACCESSES = {
    Access.RAMP: "坡道 无障碍坡道 轮椅坡道",
    Access.STEP_FREE: "无台阶 平进 平地进门 无门槛",
    Access.LOW_COUNTER: "低位柜台 低位服务台 低柜台",
    Access.READING_GLASSES: "老花镜 花镜",
    Access.WHEELCHAIR: "轮椅 可借轮椅 备轮椅",
    Access.TOILET: "卫生间 厕所 无障碍卫生间 无障碍厕所",
    Access.SEATS: "座椅 座位 休息座椅 爱心座椅",
    Access.SIGN_LANGUAGE: "手语 手语服务",
}
OPENS = {
    True: "是 正常 营业 开放 运行 在运行 启用 在用 1 y yes true",
    False: "否 撤销 停办 停用 关闭 已撤销 停业 0 n no false closed",
}
