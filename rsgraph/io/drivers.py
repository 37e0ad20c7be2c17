"""Which of GDAL's formats are opened, for each purpose, and the settings that hold whenever it works for us.

GDAL knows some hundred formats. Several are no files of pixels but texts that name others: servers to ask, files to
write copies to, code to run. What we open is listed here, and nothing else is.
"""

from __future__ import annotations

OURS = ("GTiff",)
"""Rasters that we wrote: segments, exports."""

SCENES = (
    *("GTiff", "COG", "VRT", "JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID", "netCDF", "Zarr", "HDF5", "HDF5Image"),
    *("HDF4", "HDF4Image", "ENVI", "EHdr", "HFA", "KEA", "RST", "SAGA", "AAIGrid", "GRIB", "PNG", "JPEG", "WEBP"),
    *("BMP", "PNM"),
)
"""Scenes, and rasters of class codes. A VRT names other rasters, which are looked at first (``named_files``)."""

LABELS = ("GPKG", "GeoJSON", "GeoJSONSeq", "ESRI Shapefile", "FlatGeobuf", "Parquet")
"""Vector files of labels."""

SAFE = {
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GDAL_VRT_PYTHON_TRUSTED_MODULES": "",
    # one name may be read by the network, and this is none; what asks by other ways goes to a proxy that is not there
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "nothing",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_MAX_RETRY": "0",
    "CPL_VSIL_GZIP_WRITE_PROPERTIES": "NO",  # a file beside each compressed one that is read
    "GDAL_ENABLE_WMS_CACHE": "NO",
}
"""Settings of GDAL, whatever the environment says: no code from files, no requests, nothing written on reading."""
