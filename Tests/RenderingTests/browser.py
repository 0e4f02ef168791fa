#!/usr/bin/env python3
"""Loads pages in headless Chromium and looks at them: see browser.sh.

Speaks the DevTools protocol over the browser's pipe, so that nothing but Python and Chromium is needed and the pages'
own policy, which forbids scripts, stays in force.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# What a page is asked. Nothing of it changes the page but `open`, which shows what is folded.
OVERFLOW = """(() => {
  const width = document.documentElement.clientWidth, out = [];
  if (document.documentElement.scrollWidth > width) out.push(`document: ${document.documentElement.scrollWidth} > ${width}`);
  for (const e of document.querySelectorAll('body *')) {
    const r = e.getBoundingClientRect();
    if (r.width && (r.right > width + 0.5 || r.left < -0.5) && getComputedStyle(e).clipPath === 'none' && !e.closest('thead'))
      out.push(`${e.tagName}.${e.className}: ${r.left}..${r.right} of ${width}: ${e.textContent.slice(0, 60)}`);
  }
  return out.slice(0, 5);
})()"""

CONTRAST = """(() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return {rgb: m.slice(0, 3), a: m.length > 3 ? m[3] : 1}; };
  const luminance = ([r, g, b]) => { const f = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const background = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255]; };
  const out = new Map(); let count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walker.nextNode());) {
    if (!n.textContent.trim()) continue;
    const e = n.parentElement, fore = parse(getComputedStyle(e).color).rgb, back = background(e);
    const [a, b] = [luminance(fore), luminance(back)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    count++;
    if (ratio < 4.5) out.set(e.tagName + '.' + e.className, ratio.toFixed(2));
  }
  return {count, low: [...out].slice(0, 10)};
})()"""

STRUCTURE = """(() => {
  const out = [];
  if (document.querySelectorAll('h1').length < 1) out.push('no h1');
  if (!document.documentElement.lang || !document.title) out.push('no language or title');
  if (document.querySelector('script, iframe, object, embed, link, img, base, form')) out.push('an element that loads or runs');
  for (const e of document.querySelectorAll('*')) for (const a of e.attributes)
    if (/^on|^(src|href|srcset|action|style)$/i.test(a.name)) out.push(`attribute ${a.name}`);
  let level = 0;
  if (document.querySelectorAll('main').length !== 1) out.push('not one main');
  for (const h of document.querySelectorAll('h1,h2,h3,h4')) { const n = +h.tagName[1]; if (n > level + 1) out.push(`heading ${h.tagName} behind H${level}`); level = n; }
  if (window.hostile) out.push('a script of the event ran');
  return out;
})()"""

FOCUS = """(() => { const all = [...document.querySelectorAll('summary')]; all.forEach(s => s.focus());
  return all.length === 0 || document.activeElement === all[all.length - 1]; })()"""


class Browser:
    """One headless Chromium, spoken to through a pair of pipes."""

    def __init__(self, folder):
        program = next((p for p in map(shutil.which, ["chromium", "chromium-browser", "google-chrome"]) if p), None)
        if program is None:
            sys.exit("browser: chromium is not installed (apt-get install chromium)")
        self.to_read, self.to_write = os.pipe()
        self.from_read, self.from_write = os.pipe()
        os.set_inheritable(self.to_read, True)
        os.set_inheritable(self.from_write, True)
        command = ["bash", "-c", f'exec "$@" 3<&{self.to_read} 4>&{self.from_write}', "bash", program]
        command += ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        command += ["--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen(
            command, pass_fds=(self.to_read, self.from_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(self.to_read)
        os.close(self.from_write)
        self.buffer, self.number, self.events = b"", 0, []

    def receive(self):
        while b"\0" not in self.buffer:
            data = os.read(self.from_read, 1 << 20)
            if not data:
                sys.exit("browser: chromium ended")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method, session):
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    return
            self.events.append(self.receive())

    def close(self):
        try:
            self.send("Browser.close")
        except (SystemExit, RuntimeError, OSError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def look(browser, path, scheme, width, pictures):
    """The faults of one page in one colour scheme at one width."""
    faults = []
    target = browser.send("Target.createTarget", url="about:blank")["targetId"]
    session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    call = lambda method, **params: browser.send(method, session, **params)
    ask = lambda text: call("Runtime.evaluate", expression=text, returnByValue=True)["result"].get("value")
    browser.events.clear()
    for domain in ["Page", "Log", "Network", "Runtime", "Security"]:
        call(domain + ".enable")
    call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    url = path.resolve().as_uri()
    call("Page.navigate", url=url)
    browser.wait("Page.loadEventFired", session)
    for fault in ask(STRUCTURE):
        faults.append(fault)
    if pictures:
        size = call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": width, "height": min(size["height"], 6000), "scale": 1}
        data = call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        (pictures / f"{path.stem}-{scheme}-{width}.png").write_bytes(base64.b64decode(data))
    # Folded as it comes, then with everything open.
    for state in ["as it comes", "open"]:
        if state == "open":
            ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        faults += [f"{state}: overflow: {fault}" for fault in ask(OVERFLOW)]
        contrast = ask(CONTRAST)
        if contrast["count"] == 0:
            faults.append("no text at all")
        faults += [f"{state}: contrast {ratio} of {name}" for name, ratio in contrast["low"]]
    if not ask(FOCUS):
        faults.append("a fold cannot be reached from the keyboard")
    for event in browser.events:
        if event.get("sessionId") != session:
            continue
        method, params = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent" and params["request"]["url"] != url:
            faults.append("request for " + params["request"]["url"][:200])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            faults.append("log: " + params["entry"]["text"][:200])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            faults.append("console: " + json.dumps(params)[:200])
    browser.send("Target.closeTarget", targetId=target)
    return faults


def main():
    pictures = os.environ.get("SYMBOLIST_SCREENSHOTS")
    pictures = pathlib.Path(pictures) if pictures else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    pages = [pathlib.Path(path) for path in sys.argv[1:]]
    if not pages:
        sys.exit("browser: no pages")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(folder)
        try:
            for page in pages:
                for scheme in ["light", "dark"]:
                    for width in [400, 1280]:
                        for fault in look(browser, page, scheme, width, pictures):
                            failed += 1
                            print(f"{page.name}, {scheme}, {width} px: {fault}")
        finally:
            browser.close()
    print(f"browser: {len(pages)} pages, light and dark, 400 and 1280 px: {failed} faults")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
