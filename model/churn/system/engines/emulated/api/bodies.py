"""What the bodies of requests may have, as the engine declares it."""

from churn.system.engines.emulated.api.decoding import Flag, Kind, ListOf, MapOf, Struct, Text, Whole, Words
from churn.system.engines.emulated.api.defaults import NUMBERS, SWITCHES, TEXTS

_TEXT, _FLAG, _NUMBER = Text(), Flag(), Whole()
_LIST, _MAP = ListOf(_TEXT), MapOf(_TEXT)
_SET = Struct("struct {}")


def _texts(*names: str) -> dict[str, Kind]:
    return dict.fromkeys(names, _TEXT)


# -- containers -------------------------------------------------------------------------------------------------------

_ENDPOINT = Struct(
    "network.EndpointSettings",
    {
        "IPAMConfig": Struct(
            "network.EndpointIPAMConfig", {**_texts("IPv4Address", "IPv6Address"), "LinkLocalIPs": _LIST}
        ),
        **dict.fromkeys(("Links", "Aliases"), _LIST),
        **_texts("NetworkID", "EndpointID", "Gateway", "IPAddress", "IPv6Gateway", "GlobalIPv6Address", "MacAddress"),
        **dict.fromkeys(("IPPrefixLen", "GlobalIPv6PrefixLen"), Whole("int")),
        "DriverOpts": _MAP,
    },
)
_NETWORKING = Struct(
    "network.NetworkingConfig",
    {"EndpointsConfig": MapOf(_ENDPOINT, "map[string]*network.EndpointSettings", nulls=True)},
)
_POLICY = Struct("container.RestartPolicy", {"Name": _TEXT, "MaximumRetryCount": Whole("int")})
_MOUNT = Struct(
    "mount.Mount",
    {
        **_texts("Source", "Target"),
        "Type": Text("mount.Type"),
        "Consistency": Text("mount.Consistency"),
        "ReadOnly": _FLAG,
        "BindOptions": Struct("mount.BindOptions", {"Propagation": Text("mount.Propagation"), "NonRecursive": _FLAG}),
        "VolumeOptions": Struct(
            "mount.VolumeOptions",
            {
                "NoCopy": _FLAG,
                "Labels": _MAP,
                "DriverConfig": Struct("mount.Driver", {"Name": _TEXT, "Options": _MAP}),
            },
        ),
        "TmpfsOptions": Struct("mount.TmpfsOptions", {"SizeBytes": _NUMBER, "Mode": Whole("fs.FileMode", 33)}),
    },
)
_BINDING = Struct("nat.PortBinding", _texts("HostIp", "HostPort"))
_REQUESTED_DEVICE = Struct(
    "container.DeviceRequest",
    {
        "Driver": _TEXT,
        "Count": Whole("int"),
        "DeviceIDs": _LIST,
        "Capabilities": ListOf(_LIST),
        "Options": _MAP,
    },
)
_DEVICE = Struct("container.DeviceMapping", _texts("PathOnHost", "PathInContainer", "CgroupPermissions"))
_ULIMIT = Struct("units.Ulimit", {"Name": _TEXT, "Hard": _NUMBER, "Soft": _NUMBER})
_RATES = ListOf(Struct("blkiodev.ThrottleDevice", {"Path": _TEXT, "Rate": _NUMBER}), "[]*blkiodev.ThrottleDevice")
_WEIGHTS = ListOf(Struct("blkiodev.WeightDevice", {"Path": _TEXT, "Weight": _NUMBER}), "[]*blkiodev.WeightDevice")
_RESOURCES: dict[str, Kind] = {
    **dict.fromkeys(("MemorySwappiness", "PidsLimit", *NUMBERS), _NUMBER),
    **dict.fromkeys(("IOMaximumIOps", "IOMaximumBandwidth"), Whole("uint64", natural=True)),
    "BlkioWeight": Whole("uint16", 16, natural=True),
    **_texts("CgroupParent", "CpusetCpus", "CpusetMems"),
    **dict.fromkeys(("OomKillDisable", "Init"), _FLAG),
    "BlkioWeightDevice": _WEIGHTS,
    **{f"BlkioDevice{way}{unit}": _RATES for way in ("Read", "Write") for unit in ("Bps", "IOps")},
    "Devices": ListOf(_DEVICE),
    "DeviceCgroupRules": _LIST,
    "DeviceRequests": ListOf(_REQUESTED_DEVICE),
    "Ulimits": ListOf(_ULIMIT, "[]*units.Ulimit"),
}
_LISTS = ("Binds", "VolumesFrom", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "Links", "SecurityOpt")
_MODES = ("NetworkMode", "CgroupnsMode", "IpcMode", "PidMode", "UTSMode", "UsernsMode", "Isolation")
_HOST = Struct(
    "container.HostConfig",
    {
        **_texts(*TEXTS, "Runtime"),
        "ShmSize": _NUMBER,
        **dict.fromkeys(SWITCHES, _FLAG),
        **dict.fromkeys((*_LISTS, "MaskedPaths", "ReadonlyPaths"), _LIST),
        **dict.fromkeys(("CapAdd", "CapDrop"), Words()),
        **dict.fromkeys(("StorageOpt", "Tmpfs", "Sysctls"), _MAP),
        **{name: Text(f"container.{name}") for name in _MODES},
        "Cgroup": Text("container.CgroupSpec"),
        **_RESOURCES,
        "OomScoreAdj": Whole("int"),
        "PortBindings": MapOf(ListOf(_BINDING), "nat.PortMap"),
        "RestartPolicy": _POLICY,
        "LogConfig": Struct("container.LogConfig", {"Type": _TEXT, "Config": _MAP}),
        "Mounts": ListOf(_MOUNT),
        "ConsoleSize": ListOf(Whole("uint"), "[2]uint"),
    },
)
_HEALTH = Struct(
    "container.HealthConfig",
    {
        "Test": _LIST,
        **dict.fromkeys(("Interval", "Timeout", "StartPeriod"), Whole("time.Duration")),
        "Retries": Whole("int"),
    },
)
_FLAGS = (
    "AttachStdin",
    "AttachStdout",
    "AttachStderr",
    "Tty",
    "OpenStdin",
    "StdinOnce",
    "ArgsEscaped",
    "NetworkDisabled",
)
CREATE = Struct(
    "runconfig.ContainerConfigWrapper",
    {
        **_texts("Hostname", "Domainname", "User", "Image", "WorkingDir", "MacAddress", "StopSignal"),
        **dict.fromkeys(_FLAGS, _FLAG),
        **dict.fromkeys(("Env", "OnBuild"), _LIST),
        **dict.fromkeys(("Cmd", "Entrypoint", "Shell"), Words()),
        "ExposedPorts": MapOf(_SET, "nat.PortSet"),
        "Volumes": MapOf(_SET),
        "Labels": _MAP,
        "Healthcheck": _HEALTH,
        "StopTimeout": Whole("int"),
        "HostConfig": _HOST,
        "NetworkingConfig": _NETWORKING,
    },
)
UPDATE = Struct("container.UpdateConfig", {**_RESOURCES, "RestartPolicy": _POLICY})

# -- networks and volumes ---------------------------------------------------------------------------------------------

_SUBNET = Struct("network.IPAMConfig", {**_texts("Subnet", "IPRange", "Gateway"), "AuxiliaryAddresses": _MAP})
NETWORK = Struct(
    "types.NetworkCreateRequest",
    {
        **_texts("Name", "Driver", "Scope"),
        **dict.fromkeys(("CheckDuplicate", "EnableIPv6", "Internal", "Attachable", "Ingress", "ConfigOnly"), _FLAG),
        **dict.fromkeys(("Options", "Labels"), _MAP),
        "IPAM": Struct("network.IPAM", {"Driver": _TEXT, "Options": _MAP, "Config": ListOf(_SUBNET)}),
        "ConfigFrom": Struct("network.ConfigReference", {"Network": _TEXT}),
    },
)
CONNECT = Struct("types.NetworkConnect", {"Container": _TEXT, "EndpointConfig": _ENDPOINT})
DISCONNECT = Struct("types.NetworkDisconnect", {"Container": _TEXT, "Force": _FLAG})
VOLUME = Struct("volume.VolumeCreateBody", {**_texts("Name", "Driver"), "DriverOpts": _MAP, "Labels": _MAP})
