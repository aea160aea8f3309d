"""The terms of the cores and extensions that need no definition file.

Facts from the definitions that GBIF keeps at https://rs.gbif.org: Darwin Core Occurrence (2024-02-23), Darwin Core
Taxon (2024-02-19), Simple Multimedia (2015-02-13) and Darwin Core Measurement or Facts (2022-02-02). A word with a
prefix is of that vocabulary, one without is of Darwin Core.
"""

from __future__ import annotations

from collections.abc import Mapping

from packager.streaming.formats.dwca.definitions import Definition, Term

_NAMESPACES = {
    "": "http://rs.tdwg.org/dwc/terms/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
}


def _terms(words: str) -> tuple[Term, ...]:
    pairs = (word.rpartition(":") for word in words.split())
    return tuple(Term(name, _NAMESPACES[prefix] + name) for prefix, _, name in pairs)


OCCURRENCE = Definition(
    "http://rs.tdwg.org/dwc/terms/Occurrence",
    _terms("""
    dc:type dcterms:modified dc:language dcterms:license dcterms:rightsHolder dcterms:accessRights
    dcterms:bibliographicCitation dcterms:references institutionID collectionID datasetID institutionCode
    collectionCode datasetName ownerInstitutionCode basisOfRecord informationWithheld dataGeneralizations
    dynamicProperties occurrenceID catalogNumber recordNumber recordedBy recordedByID individualCount
    organismQuantity organismQuantityType sex lifeStage reproductiveCondition caste behavior vitality
    establishmentMeans degreeOfEstablishment pathway georeferenceVerificationStatus occurrenceStatus
    associatedMedia associatedOccurrences associatedReferences associatedTaxa otherCatalogNumbers
    occurrenceRemarks organismID organismName organismScope associatedOrganisms previousIdentifications
    organismRemarks materialEntityID preparations disposition verbatimLabel associatedSequences
    materialEntityRemarks materialSampleID eventID parentEventID eventType fieldNumber eventDate eventTime
    startDayOfYear endDayOfYear year month day verbatimEventDate habitat samplingProtocol sampleSizeValue
    sampleSizeUnit samplingEffort fieldNotes eventRemarks locationID higherGeographyID higherGeography continent
    waterBody islandGroup island country countryCode stateProvince county municipality locality verbatimLocality
    minimumElevationInMeters maximumElevationInMeters verbatimElevation verticalDatum minimumDepthInMeters
    maximumDepthInMeters verbatimDepth minimumDistanceAboveSurfaceInMeters maximumDistanceAboveSurfaceInMeters
    locationAccordingTo locationRemarks decimalLatitude decimalLongitude geodeticDatum
    coordinateUncertaintyInMeters coordinatePrecision pointRadiusSpatialFit verbatimCoordinates verbatimLatitude
    verbatimLongitude verbatimCoordinateSystem verbatimSRS footprintWKT footprintSRS footprintSpatialFit
    georeferencedBy georeferencedDate georeferenceProtocol georeferenceSources georeferenceRemarks
    geologicalContextID earliestEonOrLowestEonothem latestEonOrHighestEonothem earliestEraOrLowestErathem
    latestEraOrHighestErathem earliestPeriodOrLowestSystem latestPeriodOrHighestSystem
    earliestEpochOrLowestSeries latestEpochOrHighestSeries earliestAgeOrLowestStage latestAgeOrHighestStage
    lowestBiostratigraphicZone highestBiostratigraphicZone lithostratigraphicTerms group formation member bed
    identificationID verbatimIdentification identificationQualifier typeStatus identifiedBy identifiedByID
    dateIdentified identificationReferences identificationVerificationStatus identificationRemarks taxonID
    scientificNameID acceptedNameUsageID parentNameUsageID originalNameUsageID nameAccordingToID
    namePublishedInID taxonConceptID scientificName acceptedNameUsage parentNameUsage originalNameUsage
    nameAccordingTo namePublishedIn namePublishedInYear higherClassification kingdom phylum class order
    superfamily family subfamily tribe subtribe genus genericName subgenus infragenericEpithet specificEpithet
    infraspecificEpithet cultivarEpithet taxonRank verbatimTaxonRank scientificNameAuthorship vernacularName
    nomenclaturalCode taxonomicStatus nomenclaturalStatus taxonRemarks
    """),
)

TAXON = Definition(
    "http://rs.tdwg.org/dwc/terms/Taxon",
    _terms("""
    taxonID scientificNameID acceptedNameUsageID parentNameUsageID originalNameUsageID nameAccordingToID
    namePublishedInID taxonConceptID scientificName acceptedNameUsage parentNameUsage originalNameUsage
    nameAccordingTo namePublishedIn namePublishedInYear higherClassification kingdom phylum class order
    superfamily family subfamily tribe subtribe genus genericName subgenus infragenericEpithet specificEpithet
    infraspecificEpithet cultivarEpithet taxonRank verbatimTaxonRank scientificNameAuthorship vernacularName
    nomenclaturalCode taxonomicStatus nomenclaturalStatus taxonRemarks dcterms:modified dc:language
    dcterms:license dcterms:rightsHolder dcterms:accessRights dcterms:bibliographicCitation dcterms:references
    institutionCode institutionID datasetID datasetName informationWithheld
    """),
)

MULTIMEDIA = Definition(
    "http://rs.gbif.org/terms/1.0/Multimedia",
    _terms("""
    dcterms:type dcterms:format dcterms:identifier dcterms:references dcterms:title dcterms:description
    dcterms:created dcterms:creator dcterms:contributor dcterms:publisher dcterms:audience dcterms:source
    dcterms:license dcterms:rightsHolder datasetID
    """),
)

MEASUREMENT_OR_FACT = Definition(
    "http://rs.tdwg.org/dwc/terms/MeasurementOrFact",
    _terms("""
    measurementID measurementType measurementValue measurementAccuracy measurementUnit measurementDeterminedDate
    measurementDeterminedBy measurementMethod measurementRemarks
    """),
)

#: The definitions that a setting can name instead of giving a path.
BUILT_IN: Mapping[str, Definition] = {
    "Occurrence": OCCURRENCE,
    "Taxon": TAXON,
    "Multimedia": MULTIMEDIA,
    "MeasurementOrFact": MEASUREMENT_OR_FACT,
}
