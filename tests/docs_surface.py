# SPDX-License-Identifier: MIT
"""docs/storport-surface.md against the driver kit's headers and what the port driver exports: no name missing either way."""
import re
import subprocess

DOCUMENT = 'docs/storport-surface.md'
KIT = 'hba_sim/ddk'
ARCHIVE = 'hba_sim/libstorsync_hba_sim.a'
KINDS = {'function', 'inline', 'macro'}
ANSWERS = {'works', 'policy', 'fails', 'absent'}

ROUTINE = r'(?:StorPort|ScsiPort|Ke[A-Z]|Mm[A-Z]|Rtl|Interlocked|Srb[A-Z])\w+|ScsiDebugPrint|DebugPrint|\w*(?:Head|Tail|Entry|Empty)List|' \
    r'(?:Initialize|Remove|Append|Insert|Is)\w*List\w*'
COMMENT = re.compile(r'/\*.*?\*/', re.DOTALL)
MACRO = re.compile(rf'^[ \t]*#[ \t]*define[ \t]+({ROUTINE})\b', re.MULTILINE)
INLINE = re.compile(rf'^FORCEINLINE\b[^;{{]*?\b({ROUTINE})\(', re.MULTILINE)
PROTOTYPE = re.compile(rf'^(?!FORCEINLINE|#|typedef|\s)[A-Z][\w* \n\t]*?\b({ROUTINE})\([^;{{]*\)[^;{{]*;', re.MULTILINE)
ACCESSOR = re.compile(r'^STORSYNC_SRB_([GS])ET\(\s*\w+,\s*(\w+),', re.MULTILINE)
ROW = re.compile(r'^\| ((?:`\w+`(?:, )?)+) \| (\w+) \| (\w+) \|', re.MULTILINE)


def declared(root):
    """{name: kind} of what the kit's headers declare."""
    names = {}
    for header in sorted((root / KIT).glob('*.h')):
        text = COMMENT.sub('', header.read_text(encoding='utf-8'))
        whole = re.sub(r'\\\n', ' ', text)
        names.update(dict.fromkeys(PROTOTYPE.findall(re.sub(r'^#.*', '', whole, flags=re.MULTILINE)), 'function'))
        names.update(dict.fromkeys(MACRO.findall(text), 'macro'))
        names.update(dict.fromkeys(INLINE.findall(text), 'inline'))
        names.update((f'Srb{"Get" if letter == "G" else "Set"}{name}', 'inline') for letter, name in ACCESSOR.findall(text))
    return names


def exported(archive):
    """The routines that the archive defines."""
    text = subprocess.run(['nm', '--defined-only', '--extern-only', archive], capture_output=True, text=True, timeout=60, check=True).stdout
    return {name for name in re.findall(r' T (\w+)$', text, re.MULTILINE) if re.fullmatch(ROUTINE, name)}


def documented(text):
    """[(name, kind, answer)] of the tables' rows."""
    return [(name, kind, answer) for names, kind, answer in ROW.findall(text) for name in re.findall(r'\w+', names)]


def compare(rows, names, symbols):
    problems = []
    said = {}
    for name, kind, answer in rows:
        if name in said:
            problems.append(f'{name} is there twice')
        if kind not in KINDS or answer not in ANSWERS:
            problems.append(f'{name}: {kind}, {answer}: not one of {sorted(KINDS)}, {sorted(ANSWERS)}')
        said[name] = kind, answer
    problems += [f'{name}, {kind}, is missing' for name, kind in names.items() if name not in said]
    problems += [f'{name}: no header of {KIT} has it' for name in said if name not in names]
    problems += [f'{name}: {said[name][0]}, and the header says {kind}' for name, kind in names.items()
                 if name in said and said[name][0] != kind]
    problems += [f'{name}: the port exports it, and no header of {KIT} has it' for name in sorted(symbols - names.keys())]
    for name, (kind, answer) in said.items():
        if kind == 'function' and name in names and (name in symbols) == (answer == 'absent'):
            problems.append(f'{name}: {answer}, and the port {"has" if name in symbols else "does not have"} it')
    return problems


def check(root, binary):
    archive = binary.parent / ARCHIVE
    document = root / DOCUMENT
    if not archive.exists():
        return [f'{archive}: no such file; build it']
    problems = compare(documented(document.read_text(encoding='utf-8')), declared(root), exported(archive))
    return [f'{DOCUMENT}: {problem}' for problem in problems]
