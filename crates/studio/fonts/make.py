#!/usr/bin/env python3
"""Makes the bundled fonts anew, from npm packages of Fontsource and Debian's fonts-noto-cjk.

    npm install --ignore-scripts @fontsource-variable/{inter,manrope,...}   (the names in FAMILIES)
    apt-get download fonts-noto-cjk && dpkg -x fonts-noto-cjk*.deb cjk
    pip install fonttools brotli
    python3 make.py NODE_MODULES CJK_FOLDER

Each family becomes static instances of a few weights, its scripts merged into one file, without hints.
Static, because a shaped run then needs no axis, and the two weights that are used are smaller than all of them.
"""
import io
import os
import shutil
import sys

from fontTools import merge, subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

HERE = os.path.dirname(os.path.abspath(__file__))

# family -> (package, scripts, weights)
EUROPE = ["latin", "latin-ext", "cyrillic", "greek", "vietnamese"]
FAMILIES = {
    "Inter": ("inter", EUROPE, [400, 600, 800]),
    "Manrope": ("manrope", EUROPE, [500, 800]),
    "Montserrat": ("montserrat", EUROPE, [500, 800]),
    "Nunito": ("nunito", EUROPE, [600, 900]),
    "Space Grotesk": ("space-grotesk", EUROPE, [500, 700]),
    "Bricolage Grotesque": ("bricolage-grotesque", EUROPE, [500, 800]),
    "Oswald": ("oswald", EUROPE, [500, 700]),
    "Unbounded": ("unbounded", EUROPE, [700]),
    "Fraunces": ("fraunces", EUROPE, [500, 800]),
    # Its own name is reserved to the unchanged font, so the subset has another.
    "Bloom Serif": ("source-serif-4", EUROPE, [400, 700]),
    "JetBrains Mono": ("jetbrains-mono", EUROPE, [500, 700]),
    "Vazirmatn": ("vazirmatn", ["arabic"], [400, 800]),
    "Heebo": ("heebo", ["hebrew"], [400, 800]),
}


def options():
    chosen = subset.Options()
    chosen.hinting = False
    chosen.layout_features = [
        "kern", "liga", "clig", "calt", "ccmp", "locl", "mark", "mkmk", "rlig",
        "init", "medi", "fina", "isol", "rclt", "curs", "lnum",
    ]
    chosen.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    chosen.notdef_outline = True
    chosen.drop_tables += ["STAT", "MVAR", "DSIG", "meta", "BASE", "vhea", "vmtx", "VORG"]
    return chosen


def named(font, family, weight):
    for record in list(font["name"].names):
        if record.nameID in (16, 17, 21, 22, 25):
            font["name"].removeNames(nameID=record.nameID)
    for name_id, value in ((1, family), (2, "Regular"), (3, f"{family} {weight}"), (4, f"{family} {weight}"),
                           (6, f"{family.replace(' ', '')}-{weight}")):
        font["name"].setName(value, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    font["OS/2"].fsSelection = (font["OS/2"].fsSelection & ~0x21) | 0x40
    font["head"].macStyle = 0
    return font


def trimmed(font, unicodes=None):
    cutter = subset.Subsetter(options())
    cutter.populate(unicodes=unicodes or sorted(font.getBestCmap()))
    cutter.subset(font)
    return font


def save(font, family, weight):
    path = os.path.join(HERE, f"{family.replace(' ', '')}-{weight}.{'otf' if 'CFF ' in font else 'ttf'}")
    font.flavor = None
    font.save(path)
    print(os.path.basename(path), os.path.getsize(path) // 1024, "KiB", len(font.getBestCmap()), "characters")


def family(name, folder, package, scripts, weights):
    files = os.path.join(folder, package, "files")
    for weight in weights:
        parts = []
        for script in scripts:
            path = os.path.join(files, f"{package}-{script}-wght-normal.woff2")
            if not os.path.exists(path):
                continue
            font = TTFont(path)
            font = instancer.instantiateVariableFont(font, {"wght": weight}, inplace=False)
            for axis in [a.axisTag for a in font["fvar"].axes] if "fvar" in font else []:
                font = instancer.instantiateVariableFont(font, {axis: None})
            font.flavor = None
            held = io.BytesIO()
            trimmed(font).save(held)
            held.seek(0)
            parts.append(held)
        font = TTFont(parts[0]) if len(parts) == 1 else merge.Merger().merge(parts)
        save(named(trimmed(font), name, weight), name, weight)
    shutil.copy(os.path.join(folder, package, "LICENSE"), os.path.join(HERE, f"LICENSE-{name.replace(' ', '')}.txt"))


def decoded(codec, leads, trails):
    for lead in leads:
        for trail in trails:
            try:
                yield from (ord(c) for c in bytes([lead, trail]).decode(codec))
            except UnicodeDecodeError:
                pass


def east_asian(all_of_it):
    """What people write every day: the first levels of the national standards, and in bold both levels."""
    wanted = set(range(0x3000, 0x3100)) | set(range(0xFF00, 0xFFEF)) | set(range(0x20, 0x7F))
    wanted |= set(range(0x3105, 0x3130)) | set(range(0x31F0, 0x3200)) | set(range(0x2010, 0x2040))
    wanted |= set(decoded("gb2312", range(0xB0, 0xF8 if all_of_it else 0xD8), range(0xA1, 0xFF)))
    wanted |= set(decoded("euc_jp", range(0xB0, 0xF5 if all_of_it else 0xD0), range(0xA1, 0xFF)))
    wanted |= set(decoded("big5", range(0xA4, 0xC7), list(range(0x40, 0x7F)) + list(range(0xA1, 0xFF))))
    wanted |= set(decoded("euc_kr", range(0xB0, 0xC9), range(0xA1, 0xFF)))
    return sorted(wanted)


def main(modules, cjk):
    for name, (package, scripts, weights) in FAMILIES.items():
        family(name, os.path.join(modules, "@fontsource-variable"), package, scripts, weights)
    amiri = TTFont(os.path.join(modules, "@fontsource/amiri/files/amiri-arabic-700-normal.woff2"))
    save(named(trimmed(amiri), "Amiri", 700), "Amiri", 700)
    shutil.copy(os.path.join(modules, "@fontsource/amiri/LICENSE"), os.path.join(HERE, "LICENSE-Amiri.txt"))
    for weight, file in ((400, "Regular"), (700, "Bold")):
        path = os.path.join(cjk, f"usr/share/fonts/opentype/noto/NotoSansCJK-{file}.ttc")
        font = TTFont(path, fontNumber=2)  # the simplified Chinese default; the others come by their language
        font = trimmed(font, east_asian(weight == 700))
        save(named(font, "Noto Sans CJK", weight), "Noto Sans CJK", weight)
    shutil.copy(os.path.join(cjk, "usr/share/doc/fonts-noto-cjk/copyright"), os.path.join(HERE, "LICENSE-NotoSansCJK.txt"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
