"""Prints what pip must install for Home Assistant's own start and for MQTT, one requirement a line.

`hass --skip-pip` loads its default integrations whatever the configuration says; each names its requirements in its
manifest. Versions come from Home Assistant's own constraints file.
"""

import json
from pathlib import Path

import homeassistant
from homeassistant import bootstrap

COMPONENTS = Path(homeassistant.__file__).parent / "components"
WANTED = {*bootstrap.CORE_INTEGRATIONS, *bootstrap.DEFAULT_INTEGRATIONS, "api", "config", "mqtt", "websocket_api"}

seen = set()
waiting = sorted(WANTED)
while waiting:
    domain = waiting.pop()
    manifest = COMPONENTS / domain / "manifest.json"
    if domain in seen or not manifest.exists():
        continue
    seen.add(domain)
    described = json.loads(manifest.read_text())
    waiting.extend(described.get("dependencies", []))
    for requirement in described.get("requirements", []):
        print(requirement)
