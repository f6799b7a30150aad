"""Names in C: a file of any name gives one with which the C builds, beside whatever else is included."""

import re
import unicodedata

# C11's and C++20's.
_KEYWORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class co_await
co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete do
double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace
new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires restrict
return short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try
typedef typeid typename typeof union unsigned using virtual void volatile wchar_t while xor xor_eq
"""
KEYWORDS = frozenset(_KEYWORDS.split())
# Headers of C, C++ and POSIX, and what C libraries include in them: a header of this name would be taken for them.
_HEADERS = """
alloca ansi assert byteswap complex ctype dirent endian errno fcntl features fenv float getopt inttypes iso646 libgen
libintl limits link locale malloc math memory mm_malloc newlib pthread reent regex sched search semaphore setjmp
signal spawn stdalign stdarg stdatomic stdbool stdc-predef stddef stdfix stdint stdio stdlib stdnoreturn string
strings tgmath thread threads time uchar unistd utime values varargs wait wchar wctype xlocale
"""
HEADERS = frozenset(_HEADERS.split())
# Functions and variables of the C library that a global array of the same name would contradict.
_LIBRARY = """
abort abs access acos acosh alarm asctime asin asinh atan atan2 atanh atexit atof atoi atol basename bcmp bcopy
bsearch bzero cabs calloc carg cbrt ceil cexp cimag clearerr clock clog close conj connect copysign cos cosh creal
crypt csin csqrt ctan ctime daylight difftime div drem dup environ erf erfc errno execl exit exp exp10 exp2 expm1 fabs
fclose fdim feof ferror fflush ffs fgetc fgets finite floor fma fmax fmin fmod fopen fork fprintf fputc fputs fread
free freopen frexp fscanf fseek ftell fwrite gamma getc getchar getenv gets gmtime hypot ilogb index infinity iprintf
isalnum isalpha isascii iscntrl isdigit isgraph isinf islower isnan isprint ispunct isspace isupper itoa j0 j1 jn kill
labs ldexp ldiv lgamma link llabs lldiv llrint llround localtime log log10 log1p log2 logb longjmp lrint lround lseek
main malloc mblen memccpy memchr memcmp memcpy memmove memset mktime modf nan nearbyint nextafter nice open optarg
optind pause perror pipe pow pow10 printf putc putchar putenv puts qsort raise rand random read realloc remainder
remove rename rewind rindex rint round scalb scanf select setbuf setjmp setenv signal significand signgam sin sinh
sincos sleep snprintf socket sprintf sqrt srand sscanf stderr stdin stdout strcat strchr strcmp strcpy strdup strlen
strncat strncmp strncpy strrchr strstr strtod strtok strtol swab sync system tan tanh tgamma time timezone tmpfile
tmpnam tolower toupper trunc tzname tzset ungetc unlink usleep vfork vprintf wait write y0 y1 yn
"""
LIBRARY = frozenset(_LIBRARY.split())


def c_name(text: str) -> str:
    """A name in C, of ASCII letters, digits and _, like a text such as a file's name.

    >>> c_name("model"), c_name("modèle"), c_name("my-net.v2"), c_name("8bit"), c_name("日本")
    ('model', 'modele', 'my_net_v2', '_8bit', '__')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    clean = re.sub(r"[^A-Za-z0-9_]", "_", plain) or "_"
    return f"_{clean}" if clean[0].isdigit() else clean


def is_c_name(name: str) -> bool:
    """Whether a text can begin names in C."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None


def array_name(name: str) -> str:
    """The name of a global array: with `_model` behind it where it would be a keyword or a function of the C library.

    >>> array_name("digits"), array_name("int"), array_name("index")
    ('digits', 'int_model', 'index_model')
    """
    return f"{name}_model" if name in KEYWORDS | LIBRARY else name


def header_name(name: str) -> str:
    """The name of a network's header: with `_network` in it where it would hide another header.

    >>> header_name("digits"), header_name("string"), header_name("aiedge_model")
    ('digits.h', 'string_network.h', 'aiedge_model_network.h')
    """
    hides = name.lower() in HEADERS or name.lower().startswith(("aiedge", "_"))
    return f"{name}_network.h" if hides else f"{name}.h"


def guard(name: str, taken: set[str]) -> str:
    """The macro around a network's header; `taken` are those of the headers that it may meet."""
    macro = f"AIEDGE_{name.upper()}_H"
    return f"AIEDGE_NETWORK_{name.upper()}_H" if macro in taken else macro
