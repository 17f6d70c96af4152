"""What a configuration of a container, or of its host, has where the client left it out."""

from collections.abc import Mapping
from typing import Any

_MASKED = (
    "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
)  # fmt: skip
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

_NULLS = (
    "Binds", "VolumesFrom", "CapAdd", "CapDrop", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "Links",
    "SecurityOpt", "BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps", "Devices", "DeviceCgroupRules", "DeviceRequests", "Ulimits", "PortBindings",
)  # fmt: skip
TEXTS = (
    "ContainerIDFile", "VolumeDriver", "Cgroup", "PidMode", "UTSMode", "UsernsMode", "Isolation", "CgroupParent",
    "CpusetCpus", "CpusetMems",
)  # fmt: skip
NUMBERS = (
    "OomScoreAdj", "CpuShares", "Memory", "NanoCpus", "BlkioWeight", "CpuPeriod", "CpuQuota", "CpuRealtimePeriod",
    "CpuRealtimeRuntime", "KernelMemory", "KernelMemoryTCP", "MemoryReservation", "MemorySwap", "CpuCount", "CpuPercent",
    "IOMaximumIOps", "IOMaximumBandwidth",
)  # fmt: skip
SWITCHES = ("AutoRemove", "Privileged", "PublishAllPorts", "ReadonlyRootfs", "OomKillDisable")
HOST_CONFIG: Mapping[str, Any] = {
    **dict.fromkeys(_NULLS),
    **dict.fromkeys(TEXTS, ""),
    **dict.fromkeys(NUMBERS, 0),
    **dict.fromkeys(SWITCHES, False),
    "LogConfig": {"Type": "json-file", "Config": {}},
    "NetworkMode": "default",
    "RestartPolicy": {"Name": "", "MaximumRetryCount": 0},
    "MemorySwappiness": None,
    "CgroupnsMode": "host",
    "IpcMode": "private",
    "ShmSize": 2**26,
    "Runtime": "runc",
    "ConsoleSize": [0, 0],
    "PidsLimit": None,
    "MaskedPaths": list(_MASKED),
    "ReadonlyPaths": list(_READ_ONLY),
}
"""What a host configuration has where the client left it out."""

CONFIG: Mapping[str, Any] = {
    **dict.fromkeys(("Hostname", "Domainname", "User", "WorkingDir"), ""),
    **dict.fromkeys(("AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce"), False),
    **dict.fromkeys(("Env", "Cmd", "Volumes", "Entrypoint", "OnBuild")),
}
"""The same of a configuration."""
