"""Messages of ingest jobs and file readers."""

from django.utils.translation import gettext_noop

from webapp.core.stored_messages import Sentence

NOTHING_READ = Sentence(gettext_noop("Nothing could be read. %(problem)s"))
ALL_BAD = Sentence(gettext_noop("Nothing could be read. All %(count)s rows or files are bad; the first: %(problem)s"))
NOT_INGESTED = Sentence(gettext_noop("%(problem)s Nothing was ingested."))
NOT_INGESTED_FURTHER = Sentence(gettext_noop("%(problem)s Nothing more was ingested."))
IN_ROW = Sentence(gettext_noop("%(file)s row %(row)s: %(problem)s"))

# Errors of the file readers (`ml.io`, `webapp.archive.ingest`). `ml` does not know the
# site, so it cannot import them from here; a test compares the two.
OF_A_FILE = [
    gettext_noop("is %(size)s; packets come in files of %(most)s at most."),
    gettext_noop("is not a whole Avro file"),
    gettext_noop("is packed with %(codec)s, which could unpack to any size. Write it with the codec null."),
    gettext_noop("is not a ZTF alert packet: it has no candid, objectId or candidate."),
    gettext_noop(
        "holds a block of %(size)s; %(most)s are allowed. Write its packets in smaller blocks, or each to its own file."
    ),
    gettext_noop("has a schema with %(what)s, which no alert packet needs; it was not opened further."),
    gettext_noop("every pixel of its stamps is NaN: there is nothing to see."),
    gettext_noop("has no %(channel)s stamp. Ask for packets with their cut-outs."),
    gettext_noop("its %(channel)s stamp has shape %(shape)s; ZTF's are %(side)s×%(side)s or clipped from it."),
    gettext_noop("its %(channel)s stamp %(problem)s"),
    gettext_noop("its %(name)s is %(value)s; it must be degrees from %(low)s to %(high)s."),
    gettext_noop("%(problem)s (%(error)s). Fetch or make it again."),
    gettext_noop("holds no image: none of its units has two axes or more. Tables of detections are not ingested."),
    gettext_noop("holds an image of %(sides)s pixels: nothing to look at. Leave it out, or make it again."),
    gettext_noop("became shorter while it was read. Wait until it is written, and try again."),
    gettext_noop("cannot be decompressed"),
    gettext_noop("is empty: 0 bytes. Fetch or make it again."),
    gettext_noop("is not a FITS file: it does not begin with SIMPLE. Check that the name tells the right format."),
    gettext_noop("unit %(number)s has BITPIX = %(bitpix)s, which FITS does not know. The header is damaged."),
    gettext_noop(
        "unit %(number)s claims %(size)s of data, but only %(left)s of the file remain: it is truncated, or "
        "its header is wrong. Fetch or make it again."
    ),
    gettext_noop("unit %(number)s has more than %(most)s columns, which no FITS table has."),
    gettext_noop("is a JPEG in more than %(most)s passes. Save it again as an ordinary JPEG."),
    gettext_noop("unit %(number)s has no valid %(keyword)s card: its header is damaged. Make the file again."),
    gettext_noop("has a header without an END card: the file is truncated. Fetch or make it again."),
    gettext_noop(
        "has %(axes)s axes %(shape)s; a subject takes two to four: (frames, channels, height, width). Name "
        "one entry of a shared cube with a `plane` column."
    ),
    gettext_noop("has planes 0 to %(most)s, but the row asks for plane %(plane)s. Planes are counted from 0."),
    gettext_noop("kind “%(kind)s” is not known. Known are %(kinds)s."),
    gettext_noop("its files have shapes %(shapes)s; all must be equal, (height, width) or (channels, height, width)."),
    gettext_noop("its image is %(width)s × %(height)s pixels: nothing to look at. Leave it out, or make it again."),
    gettext_noop(
        "a %(kind)s has %(allowed)s frames, and this has %(count)s. Add or leave out frames, or change `kind`."
    ),
    gettext_noop(
        "a %(kind)s has 1 to %(most)s channels, and this has %(channels)s. Choose planes with a `plane` or "
        "`planes` column, or change `kind`."
    ),
    gettext_noop("every pixel is NaN: there is nothing to see. Leave it out, or make the cut-out again."),
    gettext_noop("cannot be read (%(error)s). Check the disk and the file, and try again."),
    gettext_noop("the gzip data end too early: the file is truncated. Fetch or make it again."),
    gettext_noop(
        "unpacks to more than %(most)s, so it was not opened further. Unpack it yourself (gunzip) if you "
        "trust it, and point to the unpacked file."
    ),
    gettext_noop("is not valid gzip (%(error)s). Fetch or make the file again."),
    gettext_noop("is larger than %(most)s. Cut it into smaller images."),
    gettext_noop("cannot be read as a PNG or JPEG"),
    gettext_noop("is not a readable npy file of numbers"),
    gettext_noop("holds %(found)s; an image of numbers with at least two axes and one pixel is needed."),
    gettext_noop("has far more pixels than %(most)s can hold. Cut it first."),
    gettext_noop("is %(what)s, where an ordinary file is needed."),
    gettext_noop("a folder"),
    gettext_noop("a device or pipe"),
    gettext_noop("an archive"),
    gettext_noop("is an address on the network. Download the file beside the manifest and name it there."),
    gettext_noop("is not a path within the manifest's folder. Put the file there, and name it from there."),
    gettext_noop("lies outside the manifest's folder. Copy it into that folder and name it from there."),
    gettext_noop("is not there. Check the name; it is taken relative to the manifest's folder."),
    gettext_noop("cannot be opened (%(error)s)."),
    gettext_noop(
        "%(what)s would take %(size)s of memory, more than the %(most)s allowed. Cut it into smaller images, "
        "or point to single planes of it with a `plane` column."
    ),
    gettext_noop("this image"),
    gettext_noop("this array"),
    gettext_noop("this subject"),
    gettext_noop("this file"),
    gettext_noop("one tile of this image"),
    gettext_noop("this table of pixels"),
    gettext_noop("has no rows below its header: there is nothing to ingest."),
    gettext_noop("has more than %(most)s empty rows. Delete them; no row below was read."),
    gettext_noop("has %(cells)s cells where the header names %(columns)s columns. Is a comma or quote lost?"),
    gettext_noop("no column holds image files: add a column `image`. Its columns are %(columns)s."),
    gettext_noop("names no image file. Fill in its image columns, or leave the row out."),
    gettext_noop("is not UTF-8 text. Save it as CSV UTF-8; nothing after this place was read."),
    gettext_noop("is not a CSV file (%(error)s). Nothing after this place was read."),
    gettext_noop("cannot be read (%(error)s)."),
    gettext_noop("the header names %(columns)s more than once. Give every column its own name."),
    gettext_noop("the header names %(count)s columns; %(most)s are allowed. Leave some out."),
    gettext_noop("`%(name)s` is “%(value)s”; it must be %(meaning)s."),
    gettext_noop("`plane` is “%(value)s”; it must be a whole number counted from 0."),
    gettext_noop("`planes` is “%(value)s”; it must be a range such as 0:4, for planes 0, 1, 2 and 3."),
    gettext_noop("`gold` is “%(value)s”; write true or false."),
    gettext_noop("has only one of `ra` and `dec`. Fill in both, or neither."),
    gettext_noop("is not of a known kind. Known endings: %(endings)s."),
    gettext_noop("is not there. Check the path."),
    gettext_noop("holds no %(manifest)s and no file that can be read (%(endings)s)."),
    gettext_noop("holds a table of pixels that cannot be read"),
    gettext_noop("looks like a target pixel file, but has no column %(columns)s."),
    gettext_noop("has a FLUX column of shape %(shape)s; (times, height, width) is needed."),
    gettext_noop("`gold` is true, but `label` is empty. Fill in the label, or set gold to false."),
    gettext_noop("its gold label is “%(label)s”; it must be one of %(labels)s."),
    gettext_noop("%(what)s holds a NUL character. Remove it."),
    gettext_noop("`%(name)s` has %(length)s characters; %(most)s are allowed. Shorten it."),
    gettext_noop("`band` must be a short text of at most %(most)s characters."),
    gettext_noop("%(what)s cannot be kept (%(error)s)."),
    gettext_noop("its metadata"),
    gettext_noop("its WCS"),
    gettext_noop("degrees from 0 to 360"),
    gettext_noop("degrees from -90 to 90"),
    gettext_noop("a modified Julian date (for a Julian date, subtract 2400000.5)"),
    gettext_noop("seconds, not negative"),
    gettext_noop("a magnitude; leave the cell empty where there is none"),
    gettext_noop("a number"),
    gettext_noop("arcseconds per hour"),
    gettext_noop("a range such as 0:4"),
]
for _english in OF_A_FILE:
    Sentence(_english)
