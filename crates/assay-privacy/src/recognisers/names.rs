//! Given names in use in many countries, written for this crate: a modest list, in small letters.

/// Names, whatever else they may mean.
pub(super) const GIVEN: &str = "\
aaliyah aaron abby abdul abdullah abel abigail abraham ada adam adel adele adelaide adrian adriana adrienne agata agnes agnieszka \
ahmad ahmed aicha aida aiden aisha aino akira alan alana albert alberto aled alejandra alejandro aleksander aleksandra aleksandr \
alena alessandra alessandro alessia alex alexa alexander alexandra alexandre alexei alexis alfonso alfred alfredo ali alice alicia \
alina alison aliyah allan allen allison alma alois alvaro alvin amal amanda amar amber amelia amelie amina amir amit amy ana anaïs \
anastasia anders andre andré andrea andreas andrei andres andrés andrew andrzej andy angel angela angelica angelina angelo angus \
anika anil anita anja anke ann anna annabel anne annette annie annika anthony antoine anton antonella antonia antonio antti anya \
april archie ariana ariel arjun arlene armando arne arnold arthur artur arturo arun asha ashley ashok astrid aubrey audrey august \
augusto aurora aurélie austin ava axel ayesha ayşe barbara bartosz bart basil beata beatrice beatriz becky belinda bella ben \
benedict benjamin bent bernard bernadette bernd bert bertha beth bethany betty beverly bianca bill billy birgit birgitta bjarne \
björn blanca bogdan boris boyd brad bradley brandon brenda brendan brent brett brian bridget brigitte britta britney bruce bruno \
bryan burak caleb calvin cameron camila camilla camille carina carl carla carlo carlos carlotta carmen carol carole carolina \
caroline carolyn carrie carsten casey cassandra catalina caterina catherine cathy cecilia cecilie cedric celeste celia celine chad \
chandra charlene charles charlie charlotte chelsea cheryl chiara chloe chloé chris christa christian christiane christina christine \
christoph christophe christopher ciara cindy claire clara clarence clarissa claude claudia claudio claus clemens clément clifford \
clint clyde cody colin colleen connie connor conrad consuelo cornelia cornelius corinne courtney craig cristian cristina crystal curtis \
cynthia cyril dagmar daisuke daisy dale damian damien dan dana daniel daniela danielle daniele danny daphne daria dariusz darius \
darlene darrell darren daryl dave david davide dawn dean deanna debbie deborah debra declan deepak denis denise dennis derek derrick \
desmond devon diana diane diego dieter dietmar dimitri dina dirk dmitri dmitry dolores dominic dominik dominique don donald donna \
dora doris dorota dorothea dorothy doug douglas duncan dustin dwayne dwight dylan earl ebba eddie edgar edith edmund edna eduardo \
edward edwin eero eileen einar ekaterina elaine eleanor elena eleni eli elias elif elijah elin elina elisa elisabeth elise elizabeth \
elke ella ellen ellie elliot elliott elmer eloise elsa elsie elvira emil emilia emilie emiliano emilio emily emine emma emmanuel \
emre enrico enrique eric erica erich erik erika erin ernest ernesto erwin esperanza esra estelle esteban esther ethan ethel eugene eugenia \
eunice eva evan evangelina eve evelyn ewa ewan ezra fabian fabio fabrice fatih fatima fatma federica federico felicia felicity felipe felix \
ferdinand fernanda fernando filip filippo finn fiona flora florence florian floyd franca frances francesca francesco francis \
francisca francisco franck françois françoise frank frankie franz fred freda freddie frederic frederick frederik fredrik frida friedrich fritz \
gabriel gabriela gabriella gabrielle gail gareth gary gavin gemma gene geoff geoffrey georg george georges georgia georgina gerald \
geraldine gerard gerda gerhard gert gertrude giacomo gianluca gianni gilbert gilles gina giorgia giorgio giovanna giovanni giulia giuliano \
giuseppe gladys glen glenda glenn gloria gordon grace graham grant greg gregory greta gretchen guadalupe gudrun guido guillaume guillermo \
gunnar gunther gustav gustavo guy gwen gwendolyn günter günther hakan halima hamid hamza hana hanna hannah hannes hans hao harald \
harold haroon harriet harris harrison harry haruto harvey hasan hassan hazel heather hector heidi heike heiko heinrich heinz helen helena \
helene helga helmut hendrik henk hennie henri henrietta henrik henry herbert herman hermann hilary hilda hiroshi holger holly hope horst \
howard hubert hugh hugo hussein hüseyin ian ibrahim ida ignacio igor ilaria ilona ilse imran ines inga inge ingeborg ingrid inka \
irena irene irina iris irma isaac isabel isabella isabelle isaiah isla ismail ivan ivana ivar ivo ivy jack jackie jackson jacob jacqueline \
jacques jade jaime jake jakob jakub jamal james jamie jan jana jane janet janice janine janusz jari jarosław jasmin jasmine jason \
javier jay jayden jean jeanette jeanne jeff jeffery jeffrey jelena jenna jennifer jenny jens jeremiah jeremy jerome jerry jesper jesse jessica \
jesús jill jim jimmy jing joachim joan joana joann joanna joanne jochen jodi joe joel joey johan johann johanna johannes john johnny jon \
jonah jonas jonathan jordan jorge jorgen josé jose josef josefina joseph josephine josh joshua josie joy joyce joão juan juana juanita \
judith judy juha julia julian juliana julianne julie julien juliet juliette julio julius jun june jürgen jussi justin justine jutta jyoti \
kai kaito kamal kamil karen karim karin karina karl karla karolina kasper katarina katarzyna kate katharina katherine kathleen kathrin \
kathryn kathy katia katie katja katrin katrina kavita kay kayla kazuki keisha keith kelly kelvin ken kenneth kenny kenji kerry kerstin kevin \
khadija khalid khaled kieran kim kimberly kirill kirsten kirsty kjell klara klaus knut konrad konstantin kristen kristian kristin kristina \
kristine kristof krystyna krzysztof kumar kurt kyle kyra lakshmi lara larissa larry lars latoya laura laurel lauren laurence laurent laurie \
lawrence layla lea leah leandro lee leif leila lena lennart leo leon leona leonard leonardo leroy leslie lester leticia levi lewis liam lidia \
lieselotte lillian lilly lily lina linda lindsay lindsey ling linnea lionel lisa lise liv livia lloyd logan lois lola lorena lorenzo loretta \
lori lorraine lothar lotta lou louis louisa louise luc luca lucas lucia lucie lucy ludmila ludwig luigi luis luisa lukas lukasz luke luna \
lutz luz lydia lynn łukasz mabel maciej mackenzie madeleine madison magda magdalena maggie magnus mahmoud maja makoto malcolm malik manfred manoj \
manuel manuela marc marcel marcela marcelo marcia marcin marco marcos marcus marek margaret margareta margarita margot marguerite maria \
mariam marian mariana marianne marie marija marilyn marina mario marion marisa marisol marissa marjorie mark marko markku markus marlene marlon marta \
martha martin martina marvin mary maryam masha massimo mateo mateusz mathias mathieu mathilde matilda matt matteo matthew matthias matthieu maud \
maureen maurice mauricio mauro max maxim maxime maximilian maxine may maya mayumi megan mehdi mehmet mei melanie melinda melissa melvin \
mercedes meredith michael michaela michal michał michel michela michele micheline michelle miguel mika mikael mike mikhail mikko mila mildred milena miles milo \
ming miranda miriam mitchell mohamed mohammad mohammed moira molly mona monica monika monique morgan morten moses muhammad murat muriel \
murray mustafa myra myriam nadia nadine nadège nancy naomi natalia natalie natasha nathalie nathan nathaniel neha neil nell nelson nicholas nick \
nico nicola nicolas nicole nicolò niels nigel niklas nikita nikola nikolai nikolaj nikos nils nina noah noel noemi nora norbert norma norman noura \
octavia olaf olav oleg olga olive oliver olivia olivier olof omar orlando oscar oskar otto owen pablo paige paloma pamela paola paolo pascal \
patience patricia patrice patrick patrik paul paula paulina pauline paulo pavel pawel paweł pearl pedro peggy penelope penny per percy perry pete peter \
petr petra petteri phil philip philippe phillip phoebe phyllis pia piero pierre pieter pietro pilar piotr pooja prakash preeti priya qing quentin rachel \
rafael rafał raghav rahul raimund rainer raj rajesh ralf ralph ramesh ramon ramona randall randy raquel rashid raul ravi ray raymond rebecca rebekah \
regina reginald reinhard rekha renata renate rene renee renée reza rhonda riccardo ricardo richard rick ricky rita rob robert roberta roberto robin \
rocío rodney rodrigo roger roland rolf roman ron ronald ronja ronnie rosa rosalie rosario rose rosemary rosie ross roy roxanne ruben ruby rudolf rufus ruslan \
russell ruth ryan sabina sabine sabrina sadie saeed sakura sally salma salvador salvatore sam samantha samir samira samuel sandeep sandra sandro sandy sanjay sara sarah \
sascha sasha saskia satoshi scott sean sebastian sebastián selena selim selma serena serge sergei sergey sergio seth shane shannon sharon shaun shawn sheila shelby shelley shirley \
sibylle sidney siegfried sigrid silke silvia simon simona simone siobhan sofia sofie solveig sonia sonja sophia sophie søren spencer stacey stacy stanisław stanislav stanley \
stefan stefania stefanie stefano steffen stella stephan stephanie stephen stephane steve steven stewart stuart sue sunil sunita surya susan susana susanna \
susanne suzanne sven svetlana swati sybil sylvia sylvie syed tadeusz takashi takeshi tamara tammy tanja tania tanya tara tariq tatiana tatyana taylor ted terence teresa \
teri terrence terry tess tessa thea theodor theodore theresa therese thiago thibault thierry thomas thorsten tiago tiffany tim timo timothy tina tobias todd tom tomas tomás tomasz \
tommy toni tony torsten tove tracey tracy travis trevor tricia trinity tristan troels trudy tyler tyrone ulf ulla ulrich ulrike umar ursula usha uta ute uwe \
valentin valentina valeria valerie vanessa vasco vera verena vernon veronica veronika véronique vicente vicki vicky victor victoria vijay vikram viktor viktoria vilma vincent vincenzo \
viola violet virginia vishal vittorio vivian viviana vivienne vladimir volker wade walter waltraud wanda warren wayne wei wendy werner wesley whitney wilfred wilhelm will willem william \
willie wilma winifred winston wojciech wolfgang xavier xiao yan yasmin yasmine yosef yolanda youssef yuki yulia yuri yusuf yvette yvonne zachary zahra zainab zara zbigniew zeynep zoe zofia zuzana \
";

/// Those of them that are also words, months, places or brands: never enough alone.
pub(super) const AMBIGUOUS: &str = "\
abel ali amber angel april archie ariel art aurora august austin axel basil bella bill bent charlotte chad chelsea christian crystal \
daisy dale dan dana dawn dean devon don drew earl ella eve faith florence fr frank fritz gene georgia grace grant guy harvey hazel \
holly hope iris ivy jack jade jay jean jordan joy jun june kay kim kit lee lily ling lou luna luz madison magnolia mark max may \
mercedes miles milo ming morgan noel nick olive orlando paige pat patience pearl penny per perry pia ray rich rob robin rocky roman \
rose ross ruby sally sandy scott shelby sidney spencer stella sue summer sydney taylor ted tim tom trinity troy tyler victoria violet \
viola virginia wade warren wayne wei will xavier yan zara orlando jackson logan carol bart alma angelica champion jose san santa sierra \
";

/// Small words inside names.
pub(super) const PARTICLES: &[&str] = &[
    "de", "da", "do", "dos", "di", "del", "della", "la", "le", "van", "von", "der", "den", "ter", "ten", "bin", "ibn",
    "al", "el", "af", "av", "zu",
];
